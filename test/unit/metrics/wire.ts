// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const type = protobuf.loadSync(fileURLToPath(new URL('metrics.proto', import.meta.url))).lookupType('Request');

/** The shapes of metrics.proto in protobufjs: 64-bit integers are decimal strings, bytes are hexadecimal. */
export interface WirePoint {
  attributes: { key: string; value: Record<string, unknown> }[];
  startTimeUnixNano: string;
  timeUnixNano: string;
  asInt?: string;
  asDouble?: number;
  count?: string;
  sum?: number;
  scale?: number;
  zeroCount?: string;
  zeroThreshold?: number;
  positive?: { offset: number; bucketCounts: string[] };
  exemplars?: { timeUnixNano: string; asDouble: number; spanId: string; traceId: string }[];
}
interface WireData {
  dataPoints: WirePoint[];
  aggregationTemporality: number;
  isMonotonic: boolean;
}
export interface WireMetric {
  name: string;
  description: string;
  unit: string;
  gauge?: WireData;
  sum?: WireData;
  exponentialHistogram?: WireData;
}
interface WireRequest {
  resourceMetrics: {
    resource: { attributes: WirePoint['attributes'] };
    scopeMetrics: { scope: { name: string; version: string }; metrics: WireMetric[] }[];
  }[];
}

/** The metrics of a serialized request, by name. */
export function decodeMetrics(bytes: Uint8Array): Map<string, WireMetric> {
  const [resourceMetrics] = decodeWhole(bytes).resourceMetrics;
  const metrics = resourceMetrics!.scopeMetrics[0]!.metrics;
  return new Map(metrics.map((metric) => [metric.name, metric]));
}

export function decodeWhole(bytes: Uint8Array): WireRequest {
  const request = type.toObject(type.decode(bytes), { longs: String, arrays: true, bytes: Array }) as unknown;
  return JSON.parse(JSON.stringify(request), (key, value) =>
    key === 'spanId' || key === 'traceId' ? Buffer.from(value).toString('hex') : value,
  ) as WireRequest;
}

/** The labels of a point. */
export const labelsOf = ({ attributes }: WirePoint): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
