// SPDX-License-Identifier: Apache-2.0
/** What Perfetto's trace processor has to have of events. */
import assert from 'node:assert/strict';
import type { Row, TraceProcessor } from '../../harness/viewers/trace-processor.ts';
import type { CompactionEvent } from '../../src/event/event.ts';

/** The slices of a category in the order of their begins, with the id of their span where they have it. */
export const slicesOf = (processor: TraceProcessor, category: string): Row[] =>
  processor.query(
    `select ts, dur, depth, s.name,
      (select string_value from args a where a.arg_set_id = s.arg_set_id and a.key = 'debug.span_id') as span
      from slice s where category = '${category}' order by ts, dur`,
  );

/** Asserts that there are two slices for each event, of its length, and that nothing was left out or joined. */
export function assertSlices(processor: TraceProcessor, events: readonly CompactionEvent[]): void {
  const expected = events.map(({ startUnixNano, durationNano, spanId }) => ({
    ts: BigInt(startUnixNano),
    dur: durationNano,
    depth: 0,
    span: spanId,
  }));
  const byTime = (a: (typeof expected)[0], b: (typeof expected)[0]) => Number(a.ts - b.ts) || a.dur - b.dur;
  const of = (category: string) => slicesOf(processor, category).map(({ name: _, ...slice }) => slice);
  assert.deepEqual(of('compaction'), expected.toSorted(byTime));
  const withoutId = ({ span: _, ...slice }: Row | (typeof expected)[0]) => slice;
  assert.deepEqual(of('zone').map(withoutId), expected.toSorted(byTime).map(withoutId));
  const problems = processor.query("select name, value from stats where value <> 0 and name not like '%duration_ns'");
  assert.deepEqual(problems, []);
}
