// SPDX-License-Identifier: Apache-2.0

/** A value of an attribute of OpenTelemetry, as far as spans and resources of this project have them. */
export type AttributeValue = string | number | boolean | (string | number | boolean)[];

/** Attributes by their names in OpenTelemetry's conventions. */
export interface ResourceAttributes {
  [name: string]: AttributeValue;
}
