// SPDX-License-Identifier: Apache-2.0
/** Links to a stall's trace: the template of `--trace-url`. */
import type { CompactionEvent } from '../event/event.ts';

type Linked = Pick<CompactionEvent, 'traceId' | 'spanId' | 'startUnixNano' | 'durationNano'>;

const MS = 1_000_000n;

const VALUES: Readonly<Record<string, (stall: Linked) => string>> = {
  traceId: ({ traceId }) => traceId,
  spanId: ({ spanId }) => spanId,
  startMs: ({ startUnixNano }) => String(BigInt(startUnixNano) / MS),
  endMs: ({ startUnixNano, durationNano }) => String((BigInt(startUnixNano) + BigInt(durationNano)) / MS + 1n),
};

export const TRACE_URL_NAMES: readonly string[] = Object.keys(VALUES);

const NAME = /\{(\w*)\}/g;

/** What is wrong with a template; undefined if nothing is. */
export function traceUrlFault(template: string): string | undefined {
  const unknown = [...template.matchAll(NAME)].map(([, name]) => name!).find((name) => !TRACE_URL_NAMES.includes(name));
  if (unknown !== undefined) return `there is no {${unknown}}`;
  if (!template.includes('{traceId}')) return 'there is no {traceId} in it';
  const url = URL.parse(template.replaceAll(NAME, '0'));
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? undefined : 'it is not an http or https address';
}

export const traceUrl = (template: string, stall: Linked): string =>
  template.replaceAll(NAME, (_, name: string) => encodeURIComponent(VALUES[name]!(stall)));
