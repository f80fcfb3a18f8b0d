// SPDX-License-Identifier: Apache-2.0
/** What the spans of many nodes cost: on the wire, in Collectors, in one gateway; and, calculated from that, those of 10 000 nodes. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvents } from '../agent.ts';
import { writeRecording } from '../recording.ts';
import { table } from '../report.ts';
import { sum } from '../statistics.ts';
import { type Collectors, measureCollectors } from './collectors.ts';
import { MOST_AGENTS, measureFleet } from './fleet.ts';
import { measureStorms } from './storms.ts';
import { measureWire, type Recorded, type Wire } from './wire.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/recording.jsonl', import.meta.url));
/** Different ones, as spans of a storm are; no more than fit into one file that is read at once. */
const MOST_DIRECT = 6_000;
/** Each is on the Collector's disk before the next. */
const ONE_BY_ONE = 200;
const FOR_COLLECTORS = 40_000;
const OF_AN_AGENT = 2_000;
const NODES = 10_000;
/** Of all nodes, how many have so many spans a second. Below the first hundreds a span is mostly alone in its request. */
interface Fleet {
  what: string;
  parts: readonly { share: number; perSecond: number; size: 'alone' | 'full' }[];
}
const FLEETS: readonly Fleet[] = [
  { what: 'quiet: one span a minute', parts: [{ share: 1, perSecond: 1 / 60, size: 'alone' }] },
  { what: 'busy: one span a second', parts: [{ share: 1, perSecond: 1, size: 'alone' }] },
  {
    what: 'busy, and a storm on one node of 100',
    parts: [
      { share: 0.99, perSecond: 1, size: 'alone' },
      { share: 0.01, perSecond: 200, size: 'full' },
    ],
  },
  { what: 'a storm on all nodes at once: the limit', parts: [{ share: 1, perSecond: 200, size: 'full' }] },
];
/** What the gateway keeps, besides traces with a long stall. */
const KEPT = 0.01;
const METRICS_INTERVAL_S = 60;

export async function measureScale(folder: string): Promise<string> {
  const storms = await measureStorms(folder);
  const direct = storms.direct.slice(0, MOST_DIRECT);
  if (direct.length === 0) throw new Error('the storm had no direct compaction');
  const recording = (name: string, events: typeof direct, count: number): Recorded => {
    const path = join(folder, `${name}.jsonl`);
    writeRecording(path, events, count);
    return { name, path, spans: count };
  };
  const wire = await measureWire(
    folder,
    [
      recording('direct stalls of a storm', direct, direct.length),
      { name: 'stalls in requests of two services', path: EXAMPLE, spans: readEvents(EXAMPLE).length },
    ],
    recording('direct stalls of a storm, one a request', direct, ONE_BY_ONE),
  );
  const collectors = await measureCollectors(folder, recording('for collectors', direct, FOR_COLLECTORS));
  const agents = Array.from({ length: MOST_AGENTS }, (_, i) => recording(`agent ${i}`, direct, OF_AN_AGENT));
  const fleet = await measureFleet(folder, agents);
  return [
    ...['Bytes that the agent sends, without the headers of TCP and IP:', wire.text],
    ...['Spans of a node:', storms.text],
    ...['A Collector on the way:', collectors.text],
    ...[`Agents of different hosts, each with ${OF_AN_AGENT} spans, that send to one gateway at the same time:`, fleet],
    ...[`Calculated from these figures, for ${NODES} nodes:`, calculated(wire, collectors)],
  ].join('\n\n');
}

function calculated(wire: Wire, { gatewaySeconds }: Collectors): string {
  const rows = FLEETS.map(({ what, parts }) => {
    const over = (value: (size: 'alone' | 'full') => number) =>
      sum(parts.map(({ share, perSecond, size }) => share * perSecond * NODES * value(size)));
    const spans = over(() => 1);
    const cores = (spans * gatewaySeconds) / 1e6;
    return [
      ...[what, spans.toFixed(0), rate(over((size) => wire[size].raw)), rate(over((size) => wire[size].gzip))],
      ...[cores.toFixed(2), `${((spans * KEPT * 86_400) / 1e6).toFixed(1)} million`],
    ];
  });
  const exported = (sent: 'raw' | 'gzip') => rate((NODES * wire.metrics[sent]) / METRICS_INTERVAL_S);
  rows.push([`metrics, once in ${METRICS_INTERVAL_S} s`, '-', exported('raw'), exported('gzip'), '-', '-']);
  const head = [
    'nodes are',
    'spans a second',
    'sent',
    'sent with gzip',
    'CPUs of gateways',
    `kept a day, at ${KEPT * 100} %`,
  ];
  return table(head, rows);
}

const rate = (bytesPerSecond: number) => `${(bytesPerSecond / 1e6).toFixed(2)} MB/s`;
