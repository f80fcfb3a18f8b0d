// SPDX-License-Identifier: Apache-2.0
/** Saves what is shown as files. The page has all of it, except for the form of spans, for which it asks the agent. */
import { booksReport } from '../event/books-report.ts';
import type { AgentEvent, NotRecordedEvent } from '../event/event.ts';
import type { MissingRow, ReportData } from '../report/data.ts';
import { eventsOf } from '../report/kept-stalls.ts';
import { ReportModel } from '../report/model.ts';
import { withData } from '../report/page-data.ts';
import { printableJson } from '../terminal.ts';
import { h } from './dom.ts';
import { counted, span } from './format.ts';

import type { View } from './view.ts';

export interface Shown {
  view: View;
  /** The run that it is of. */
  run: string;
}

type Form = readonly [label: string, file: string, make: (shown: Shown) => Promise<string> | string];

const FORMS: readonly Form[] = [
  ['JSON lines', 'stalls.jsonl', ({ view }) => jsonLines(view)],
  ['OTLP/JSON', 'spans.jsonl', spans],
  ['Report', 'report.html', async ({ view }) => withData(await fetched('report.html'), reportOf(view))],
];

export function exports(shown: () => Shown | undefined): HTMLElement {
  const said = h('span', { className: 'said', at: { role: 'status' } });
  const save = async (make: Form[2], file: string) => {
    const now = shown();
    if (!now) return;
    try {
      download(await make(now), file);
      said.textContent = `${file}: ${counted(now.view.shown.length, 'stall')}`;
    } catch (error) {
      said.textContent = `not exported: ${(error as Error).message}`;
    }
  };
  return h(
    'span',
    { className: 'export', at: { role: 'group', 'aria-label': 'Export what is shown' } },
    h('span', { className: 'quiet' }, 'Export:'),
    ...FORMS.map(([label, file, make]) => h('button', { type: 'button', onclick: () => void save(make, file) }, label)),
    said,
  );
}

function download(text: string, file: string): void {
  const url = URL.createObjectURL(new Blob([text]));
  h('a', { href: url, download: file }).click();
  URL.revokeObjectURL(url);
}

/** Throws an error with the agent's words, or those of its HTTP server, which refuses what is too long. */
async function fetched(path: string): Promise<string> {
  const response = await fetch(path);
  const text = await response.text();
  if (!response.ok) throw new Error(text.trim() || `${response.status} ${response.statusText}`);
  return text;
}

function shownData({ data, stalls, shown }: View): ReportData {
  const wanted = new Set(shown);
  return { ...data, stalls: data.stalls.filter((_, i) => wanted.has(stalls[i]!)) };
}

/** Lines of a recording. What was left out is known by reason, and has a line where nothing is filtered. */
export function jsonLines(view: View): string {
  const events: AgentEvent[] = [
    ...eventsOf(shownData(view)),
    ...(view.isFiltered ? [] : view.data.notRecorded.map((row) => missingEvent(row, view.data))),
  ];
  return events.map((event) => `${printableJson(JSON.stringify(event))}\n`).join('');
}

function missingEvent(row: MissingRow, { hosts }: ReportData): NotRecordedEvent {
  const { reason, count, sumNano, longestNano, fromUnixNano, toUnixNano } = row;
  return {
    v: 1,
    kind: 'not_recorded',
    startUnixNano: fromUnixNano,
    durationNano: Number(BigInt(toUnixNano) - BigInt(fromUnixNano)),
    count,
    reason,
    ...(sumNano !== undefined && { sumNano }),
    ...(longestNano !== undefined && { longestNano }),
    ...(hosts.length === 1 && { host: hosts[0]! }),
    traceId: randomId(16),
    spanId: randomId(8),
  };
}

const randomId = (bytes: number): string =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** All that the page has, or the sums of what filters leave. */
function reportOf(view: View): ReportData {
  if (!view.isFiltered && !view.isChosen) return view.data;
  const { version, recording, filters, traceUrl } = view.data;
  const events = eventsOf(shownData(view));
  const model = new ReportModel({ stalls: Math.max(1, events.length) });
  model.add(events);
  const books = booksReport({ received: events.length, decoded: events.length, malformed: 0, pendingBytes: 0 }, []);
  const all = [...filters, ...filtersOf(view)];
  return model.report({ version, recording, filters: all, ...(traceUrl !== undefined && { traceUrl }), books });
}

function filtersOf({ triggers, service, text, time, isChosen, data }: View): string[] {
  return [
    triggers.size < data.cells.triggers.length && `--trigger ${[...triggers].join(',')}`,
    service === null && 'no service',
    typeof service === 'string' && `service ${service}`,
    text !== '' && `text ${text}`,
    isChosen && span(...time),
  ].filter((filter) => typeof filter === 'string');
}

function spans({ view, run }: Shown): Promise<string> {
  const { triggers, service, text, time, data, shown } = view;
  const query = new URLSearchParams({
    run,
    come: String(data.all.count),
    shown: String(shown.length),
    from: String(time[0]),
    to: String(time[1]),
    text,
    ...(service === null && { 'no-service': '' }),
    ...(typeof service === 'string' && { service }),
  });
  for (const trigger of triggers) query.append('trigger', trigger);
  return fetched(`spans.jsonl?${query}`);
}
