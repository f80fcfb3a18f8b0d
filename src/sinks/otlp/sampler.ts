// SPDX-License-Identifier: Apache-2.0
import type { Sampler } from '@opentelemetry/sdk-trace';
import { AlwaysOffSampler, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { SamplerSetting } from './settings.ts';

/** The sampler of the setting; undefined when every span is wanted, which saves asking. */
export function createSampler({ root, ratio, parentBased }: SamplerSetting): Sampler | undefined {
  if (root === 'always_on') return undefined;
  const sampler = root === 'always_off' ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root: sampler }) : sampler;
}
