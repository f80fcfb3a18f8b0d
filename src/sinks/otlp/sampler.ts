// SPDX-License-Identifier: Apache-2.0
import type { Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { badSetting, firstSet } from './environment.ts';

const ALLOWED = 'always_on, always_off, traceidratio, or one of these with the prefix parentbased_';

/** The sampler that OTEL_TRACES_SAMPLER names; undefined when every span is wanted, which saves asking. */
export function readSampler(env: NodeJS.ProcessEnv): Sampler | undefined {
  const set = firstSet(env, 'OTEL_TRACES_SAMPLER');
  if (set === undefined) return undefined;
  const [, parentBased, name] = /^(parentbased_)?(.*)$/.exec(set.value)!;
  const root = rootSampler(name!, env);
  if (root === undefined) throw badSetting(set.name, set.value, `allowed are ${ALLOWED}`);
  if (root instanceof AlwaysOnSampler) return undefined;
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, env: NodeJS.ProcessEnv): Sampler | undefined {
  if (name === 'always_on') return new AlwaysOnSampler();
  if (name === 'always_off') return new AlwaysOffSampler();
  return name === 'traceidratio' ? new TraceIdRatioBasedSampler(ratio(env)) : undefined;
}

function ratio(env: NodeJS.ProcessEnv): number {
  const set = firstSet(env, 'OTEL_TRACES_SAMPLER_ARG');
  if (set === undefined) return 1;
  const value = Number(set.value);
  if (value >= 0 && value <= 1) return value;
  throw badSetting(set.name, set.value, 'must be a ratio from 0 to 1');
}
