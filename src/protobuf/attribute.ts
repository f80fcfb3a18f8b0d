// SPDX-License-Identifier: Apache-2.0

/** A value of an attribute of OpenTelemetry, as far as spans and resources of this project have them. */
export type AttributeValue = string | number | boolean | (string | number | boolean)[];

/** Attributes by their names in OpenTelemetry's conventions. */
export interface ResourceAttributes {
  [name: string]: AttributeValue;
}

// JSON.parse makes Infinity of 1e999.
const isPrimitive = (value: unknown) => ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);

/** Whether it is an object of strings, finite numbers, booleans and lists of these. */
export const isResourceAttributes = (value: unknown): value is ResourceAttributes =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => isPrimitive(one) || (Array.isArray(one) && one.every(isPrimitive)));
