// SPDX-License-Identifier: Apache-2.0
import { badSetting, firstOtlp, firstSet, readChoice, readInteger } from './environment.ts';
import { type Signal, TRACES } from './signal.ts';

const PROTOCOLS = ['grpc', 'http/protobuf'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const LOG_LEVELS = ['NONE', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'VERBOSE', 'ALL'] as const;
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;
export const DETECTORS = ['host', 'os', 'serviceinstance', 'process', 'env'] as const;
export type DetectorName = (typeof DETECTORS)[number];

/** Which spans are wanted. */
export interface SamplerSetting {
  root: (typeof SAMPLERS)[number];
  /** The share of traceidratio. */
  ratio: number;
  parentBased: boolean;
}

/** The settings of this sink that do not concern the connection. */
export interface Settings {
  /** The most spans that wait, including those in flight; further spans are dropped and counted. */
  maxQueue: number;
  /** The most spans in a request; its size in bytes is bounded too. */
  maxBatch: number;
  /** How long the first span of a batch waits for others. */
  delayMs: number;
  /** Upper limit of one request, on top of OTEL_EXPORTER_OTLP_TIMEOUT. */
  exportTimeoutMs: number;
  sampler: SamplerSetting;
  detectors: readonly DetectorName[];
  logLevel: (typeof LOG_LEVELS)[number];
}

/**
 * The default queue. Measured: a waiting event takes 1.1 KB (its stack is shared), so a full queue is 71 MB. It holds 6 s of
 * the heaviest storm that the agent is built for, or a minute of 1 000 compactions a second.
 */
export const DEFAULT_QUEUE = 65_536;
/**
 * The default batch: as many spans without stacks as a request holds (USUAL_REQUEST_BYTES); with stacks it holds some 900. The standard's
 * 512 would be two to four times as many requests.
 */
export const DEFAULT_BATCH = 2048;
/** The default delay. The standard's 5 s is long for a user who waits for the first span; a storm fills batches sooner. */
export const DEFAULT_DELAY_MS = 500;
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000;

/** Reads and checks them. Throws a usage error for a variable that cannot be used. */
export function readSettings(env: NodeJS.ProcessEnv, queueSize?: number): Settings {
  const positive = (name: string) => readInteger(firstSet(env, name), 1);
  readChoice(firstSet(env, 'OTEL_SDK_DISABLED'), ['true', 'false'], (text) => text.toLowerCase());
  const maxQueue = queueSize ?? positive('OTEL_BSP_MAX_QUEUE_SIZE') ?? DEFAULT_QUEUE;
  return {
    maxQueue,
    maxBatch: Math.min(positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? DEFAULT_BATCH, maxQueue),
    delayMs: readInteger(firstSet(env, 'OTEL_BSP_SCHEDULE_DELAY'), 0) ?? DEFAULT_DELAY_MS,
    exportTimeoutMs: positive('OTEL_BSP_EXPORT_TIMEOUT') ?? DEFAULT_EXPORT_TIMEOUT_MS,
    sampler: readSampler(env),
    detectors: readDetectors(env),
    logLevel: readChoice(firstSet(env, 'OTEL_LOG_LEVEL'), LOG_LEVELS, (text) => text.toUpperCase()) ?? 'NONE',
  };
}

export function readProtocol(env: NodeJS.ProcessEnv, signal: Signal = TRACES): Protocol {
  // The specification allows this default; the JavaScript SDK's is http/protobuf.
  return readChoice(firstOtlp(env, 'PROTOCOL', signal), PROTOCOLS) ?? 'grpc';
}

function readSampler(env: NodeJS.ProcessEnv): SamplerSetting {
  const set = firstSet(env, 'OTEL_TRACES_SAMPLER');
  const [, prefix, name] = /^(parentbased_)?(.*)$/s.exec(set?.value ?? 'always_on')!;
  const root = SAMPLERS.find((sampler) => sampler === name);
  if (root === undefined) {
    throw badSetting(set!.name, `allowed are ${SAMPLERS.join(', ')}, or one of these with the prefix parentbased_`);
  }
  return { root, ratio: root === 'traceidratio' ? readRatio(env) : 1, parentBased: prefix !== undefined };
}

function readRatio(env: NodeJS.ProcessEnv): number {
  const set = firstSet(env, 'OTEL_TRACES_SAMPLER_ARG');
  const value = Number(set?.value ?? 1);
  if (value >= 0 && value <= 1) return value;
  throw badSetting(set!.name, 'must be a ratio from 0 to 1');
}

/**
 * The SDK's default detectors without `process`: the agent's `process.pid` beside the stalled process's would mislead in
 * every backend that flattens resource and span attributes. OTEL_NODE_RESOURCE_DETECTORS can ask for it.
 */
const USUAL: readonly DetectorName[] = ['host', 'os', 'serviceinstance', 'env'];
const ALWAYS = ['host', 'os'];

/** In the order in which they merge: what the user sets comes last. */
function readDetectors(env: NodeJS.ProcessEnv): readonly DetectorName[] {
  const set = firstSet(env, 'OTEL_NODE_RESOURCE_DETECTORS');
  if (set === undefined) return USUAL;
  const words = set.value.split(',').map((word) => word.trim());
  const names = words.filter((word) => word !== '');
  const allowed: readonly string[] = [...DETECTORS, 'all', 'none'];
  if (names.some((name) => !allowed.includes(name))) {
    throw badSetting(set.name, `allowed are all, none, ${DETECTORS.join(', ')}`);
  }
  if (names.includes('all')) return DETECTORS;
  const wanted = names.includes('none') ? ALWAYS : [...ALWAYS, ...names];
  return DETECTORS.filter((name) => wanted.includes(name));
}
