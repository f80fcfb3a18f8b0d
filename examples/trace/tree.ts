// SPDX-License-Identifier: Apache-2.0
/** A trace as a tree of text: start, duration, service and name of each span; for a stall also order, zone and status. */

import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { duration } from '../../src/sinks/text/table.ts';

/** The most stalls that are shown of one span, and the most frames of a stack. */
const STALLS = 5;
const FRAMES = 6;

export const isStall = ({ span }: ReceivedSpan) => span.name.startsWith('compaction ');
export const rootOf = (spans: readonly ReceivedSpan[]) => spans.find(({ span }) => !span.parentSpanId);
export const length = ({ start, end }: ReceivedSpan) => Number(end - start);
export const longestStall = (spans: readonly ReceivedSpan[]) =>
  spans.filter(isStall).sort((a, b) => length(b) - length(a))[0];
export const stalledFor = (spans: readonly ReceivedSpan[]) =>
  spans.filter(isStall).reduce((total, stall) => total + length(stall), 0);
const byStart = (a: ReceivedSpan, b: ReceivedSpan) => Number(a.start - b.start);

export function traceTree(spans: readonly ReceivedSpan[]): string[] {
  const root = rootOf(spans)!;
  const longest = longestStall(spans);
  const services = Math.max(...spans.map(({ resource }) => String(resource['service.name']).length));
  const lines = [`${'START'.padStart(10)}${'DURATION'.padStart(10)}  ${'SERVICE'.padEnd(services)}  SPAN`];
  const empty = ' '.repeat(10 + 10 + 2 + services + 2);

  function add(one: ReceivedSpan, branch: string, below: string): void {
    const times = [Number(one.start - root.start), length(one)]
      .map((ns) => (ns === 0 ? '0' : duration(ns)).padStart(10))
      .join('');
    const service = String(one.resource['service.name']).padEnd(services);
    lines.push(`${times}  ${service}  ${branch}${one.span.name}${isStall(one) ? about(one) : ''}`);
    const { shown, hidden } = shownChildren(spans, one);
    if (one === longest) for (const frame of stackOf(one)) lines.push(`${empty}${below}   ${frame}`);
    for (const [i, child] of shown.entries()) {
      const last = i === shown.length - 1 && hidden.length === 0;
      add(child, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`);
    }
    if (hidden.length > 0) {
      const total = hidden.reduce((sum, stall) => sum + length(stall), 0);
      lines.push(`${empty}${below}└─ and ${hidden.length} shorter stalls, ${duration(total)} in all`);
    }
  }

  add(root, '', '');
  return lines;
}

function about({ attributes }: ReceivedSpan): string {
  const order = attributes['compaction.order'];
  const wanted = order === -1 ? 'whole zone' : `order ${order}`;
  return `, ${wanted}, ${attributes['compaction.zone']}: ${attributes['compaction.status']}`;
}

/** The first frames of a stall's kernel stack. */
export function stackOf({ events }: ReceivedSpan): string[] {
  const frames = String(events[0]?.attributes['code.stacktrace'] ?? '').split('\n');
  return frames.length <= FRAMES ? frames : [...frames.slice(0, FRAMES), `... ${frames.length - FRAMES} more`];
}

/** A span's children in the order of their starts. Of many stalls the longest are shown. */
export function shownChildren(spans: readonly ReceivedSpan[], parent: ReceivedSpan) {
  const children = spans.filter(({ span }) => span.parentSpanId === parent.span.spanId);
  const stalls = children.filter(isStall).sort((a, b) => length(b) - length(a));
  const hidden = stalls.slice(STALLS);
  return { shown: children.filter((child) => !hidden.includes(child)).sort(byStart), hidden };
}
