// SPDX-License-Identifier: Apache-2.0
/** CPU time of the agent per span that it delivers to a real collector. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startCollector } from '../harness/receivers/receivers.ts';
import { runAgent } from './agent.ts';
import { recordEvents, writeRecording } from './recording.ts';
import type { Row } from './report.ts';
import { overRounds } from './statistics.ts';

const ROUNDS = 3;
/** One span shows the cost of every run, and the largest number the cost once the code is warm. */
const SIZES = [1, 10_000, 40_000] as const;
const PRELOAD = new URL('print-usage.mjs', import.meta.url).href;

type Target = 'nothing' | 'grpc' | 'http/protobuf';

interface Usage {
  cpuUs: number;
  wallMs: number;
}

/** The cost per span, between two sizes. */
interface Slope {
  cpuUs: number;
  perSecond: number;
}

interface Round {
  first: Slope;
  warm: Slope;
}

export async function measureExport(folder: string): Promise<Row[]> {
  const events = await recordEvents(join(folder, 'events.json'));
  const file = (size: number) => join(folder, `recording-${size}.json`);
  for (const size of SIZES) writeRecording(file(size), events, size);

  const rounds: Record<Target, Round[]> = { nothing: [], grpc: [], 'http/protobuf': [] };
  for (let i = 0; i < ROUNDS; i++) {
    for (const target of Object.keys(rounds) as Target[]) {
      const used: Usage[] = [];
      for (const size of SIZES) used.push(await replay(target, file(size), size, folder));
      rounds[target].push({ first: slope(used, 0, 1), warm: slope(used, 1, 2) });
    }
  }
  return [
    ...rows(rounds.grpc, 'gRPC'),
    ...rows(rounds['http/protobuf'], 'http/protobuf'),
    {
      what: 'of which reading the recording, 10 000 spans',
      ...overRounds(rounds.nothing, ({ first }) => first.cpuUs, us),
    },
    {
      what: 'of which reading the recording, the next 30 000',
      ...overRounds(rounds.nothing, ({ warm }) => warm.cpuUs, us),
    },
  ];
}

/** Throws unless every span arrived, once. */
async function replay(target: Target, recording: string, size: number, folder: string): Promise<Usage> {
  const env = { NODE_OPTIONS: `--import=${PRELOAD}` };
  if (target === 'nothing') return usage(await runAgent(['replay', recording, '--output', 'none'], env));

  const collector = await startCollector({ spansFile: join(folder, `spans-${randomUUID()}.json`) });
  const said = await runAgent(['replay', recording, '--output', 'otlp'], {
    ...env,
    OTEL_EXPORTER_OTLP_PROTOCOL: target,
    OTEL_EXPORTER_OTLP_ENDPOINT: target === 'grpc' ? collector.endpoint : collector.httpEndpoint,
  });
  await collector.stop();
  const ids = collector.spans().map(({ span }) => span.spanId);
  const different = new Set(ids).size;
  if (ids.length !== size || different !== size) {
    throw new Error(`${ids.length} spans, ${different} different, arrived of ${size}:\n${said}`);
  }
  rmSync(collector.spansFile);
  return usage(said);
}

function usage(said: string): Usage {
  const [, user, system, wall] = /usage: (\d+) us user, (\d+) us system, ([\d.]+) ms/.exec(said)!;
  return { cpuUs: Number(user) + Number(system), wallMs: Number(wall) };
}

function slope(used: readonly Usage[], from: number, to: number): Slope {
  const spans = SIZES[to]! - SIZES[from]!;
  const [a, b] = [used[from]!, used[to]!];
  return { cpuUs: (b.cpuUs - a.cpuUs) / spans, perSecond: (spans / (b.wallMs - a.wallMs)) * 1000 };
}

const us = (value: number) => `${value.toFixed(1)} us`;
const thousands = (value: number) => `${(value / 1000).toFixed(1)} k`;

function rows(rounds: readonly Round[], protocol: string): Row[] {
  return [
    {
      what: `**CPU per exported span, ${protocol}, 10 000 spans**`,
      ...overRounds(rounds, ({ first }) => first.cpuUs, us),
      budget: '20 us',
    },
    { what: `CPU per exported span, ${protocol}, the next 30 000`, ...overRounds(rounds, (r) => r.warm.cpuUs, us) },
    { what: `spans per second, ${protocol}, 10 000 spans`, ...overRounds(rounds, (r) => r.first.perSecond, thousands) },
    {
      what: `spans per second, ${protocol}, the next 30 000`,
      ...overRounds(rounds, ({ warm }) => warm.perSecond, thousands),
      budget: '10 k',
    },
  ];
}
