// SPDX-License-Identifier: Apache-2.0
/** The time from the start of the process until the programs are attached, by the agent's own clock. */
import { join } from 'node:path';
import { startCollector } from '../harness/receivers/receivers.ts';
import { startAgent } from './agent.ts';
import type { Row } from './report.ts';
import { overRounds } from './statistics.ts';

const ROUNDS = 11;

export async function measureStart(folder: string): Promise<Row[]> {
  const collector = await startCollector({ spansFile: join(folder, 'start-spans.json') });
  const without: number[] = [];
  const exporting: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    without.push(await startMs({}));
    exporting.push(await startMs({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }));
  }
  await collector.stop();
  return [row('without collector', without), row('with collector', exporting)];
}

async function startMs(env: Record<string, string>): Promise<number> {
  const agent = await startAgent(['--verbose', '--output', 'none'], env);
  // Stopped first: the line comes right after the awaited one.
  await agent.stop();
  return Number(/attached (\d+) ms after/.exec(agent.log())![1]);
}

function row(how: string, starts: readonly number[]): Row {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  return {
    what: `**process start to attached, ${how}** (${ROUNDS} starts)`,
    ...overRounds(starts, Number, ms),
    budget: '500 ms',
  };
}
