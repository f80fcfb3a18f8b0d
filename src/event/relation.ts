// SPDX-License-Identifier: Apache-2.0
import type { TraceContext } from './event.ts';

/** How a stall relates to the application's span that was active in its thread (`--context`). `off`: no span is looked up. */
export const RELATIONS_WANTED = ['child', 'child-always', 'link', 'off'] as const;
export type RelationWanted = (typeof RELATIONS_WANTED)[number];

const SAMPLED = 1;

/**
 * Whether the span was sampled. It is known only if the flag is set: some tracers publish a span before they decide, and
 * others never set the flag. Nothing that is published tells these apart from a span that was not sampled.
 */
export function sampled({ flags }: Pick<TraceContext, 'flags'>): 'true' | 'unknown' {
  return (flags & SAMPLED) !== 0 ? 'true' : 'unknown';
}

/**
 * The one place that decides. A child of a span that nobody exports would be an orphan in every backend, so it needs to be
 * known that the span was sampled, or `child-always`. OBI knows neither that nor whether its span is over.
 */
export function relationOf(
  context: Pick<TraceContext, 'source' | 'flags'>,
  wanted: RelationWanted,
): TraceContext['relation'] {
  if (wanted === 'link' || context.source === 'obi') return 'link';
  return wanted === 'child-always' || sampled(context) === 'true' ? 'child' : 'link';
}
