// SPDX-License-Identifier: Apache-2.0
import type { Snapshot } from '../snapshot.ts';
import { NANOS, type NumberInstrument } from './instrument.ts';

type Program = Snapshot['programs'][number];

const wasMeasured = ({ runTimeNs }: Program): boolean => runTimeNs > 0;
const programLabels = ({ name }: Program) => ({ 'compaction.bpf.program': name });

/** What the agent costs, and how full its buffers are. */
export const AGENT: readonly NumberInstrument[] = [
  {
    name: 'compaction.ring.usage',
    kind: 'updown',
    type: 'int',
    unit: 'By',
    labels: [],
    meaning: 'Bytes in the kernel’s ring buffer that the agent has not read yet.',
    read: ({ ring }) => [{ labels: {}, value: ring.usedBytes }],
  },
  {
    name: 'compaction.ring.limit',
    kind: 'updown',
    type: 'int',
    unit: 'By',
    labels: [],
    meaning: 'Size of the ring buffer.',
    read: ({ ring }) => [{ labels: {}, value: ring.sizeBytes }],
  },
  {
    name: 'compaction.queue.usage',
    kind: 'updown',
    type: 'int',
    unit: '{span}',
    labels: [],
    meaning: 'Spans that wait for the collector.',
    absent: 'where no spans are sent',
    read: ({ queue }) => (queue ? [{ labels: {}, value: queue.spans }] : []),
  },
  {
    name: 'compaction.queue.limit',
    kind: 'updown',
    type: 'int',
    unit: '{span}',
    labels: [],
    meaning: 'The most spans that wait; more are dropped, and counted.',
    absent: 'where no spans are sent',
    read: ({ queue }) => (queue ? [{ labels: {}, value: queue.capacity }] : []),
  },
  {
    name: 'compaction.bpf.run_time',
    kind: 'counter',
    type: 'double',
    unit: 's',
    labels: ['compaction.bpf.program'],
    meaning: 'Run time of a BPF program of the agent.',
    absent:
      'unless the kernel measures it (`kernel.bpf_stats_enabled=1`, or `--verbose`), which costs time at each event',
    read: ({ programs }) =>
      programs
        .filter(wasMeasured)
        .map((program) => ({ labels: programLabels(program), value: program.runTimeNs / NANOS })),
  },
  {
    name: 'compaction.bpf.runs',
    kind: 'counter',
    type: 'int',
    unit: '{run}',
    labels: ['compaction.bpf.program'],
    meaning: 'Runs of that program while its time was measured.',
    absent: 'in the same cases',
    read: ({ programs }) =>
      programs.filter(wasMeasured).map((program) => ({ labels: programLabels(program), value: program.runCount })),
  },
  {
    name: 'compaction.metrics.exports',
    kind: 'counter',
    type: 'int',
    unit: '{export}',
    labels: ['compaction.metrics.outcome'],
    meaning:
      'Earlier exports of metrics over OTLP: `delivered` or `failed`. The values of one that failed are in the next.',
    absent: 'without `otlp` in OTEL_METRICS_EXPORTER',
    read: ({ exports }) =>
      exports === undefined
        ? []
        : Object.entries(exports).map(([outcome, value]) => ({
            labels: { 'compaction.metrics.outcome': outcome },
            value,
            ofProcess: true,
          })),
  },
  {
    name: 'process.cpu.time',
    kind: 'counter',
    type: 'double',
    unit: 's',
    labels: ['compaction.process', 'cpu.mode'],
    meaning: 'CPU time of the agent’s own processes: `agent`, and `prober` with its supervisor.',
    semconv: true,
    read: ({ processes }) =>
      processes.flatMap(({ role, userSeconds, systemSeconds }) => [
        { labels: { 'compaction.process': role, 'cpu.mode': 'user' }, value: userSeconds, ofProcess: true },
        { labels: { 'compaction.process': role, 'cpu.mode': 'system' }, value: systemSeconds, ofProcess: true },
      ]),
  },
  {
    name: 'process.memory.usage',
    kind: 'updown',
    type: 'int',
    unit: 'By',
    labels: ['compaction.process'],
    meaning: 'Resident memory of these processes.',
    semconv: true,
    read: ({ processes }) =>
      processes.map(({ role, memoryBytes }) => ({ labels: { 'compaction.process': role }, value: memoryBytes })),
  },
];
