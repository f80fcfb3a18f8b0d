// SPDX-License-Identifier: Apache-2.0
/** Two builds on a host where processes start all the time. Both run at once, so that they see the same starts. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from './agent.ts';
import type { Builds, Comparison } from './comparison.ts';
import { PidNamespace } from './pid-namespace.ts';
import { type Cost, costsOf, NEVER_MS, RATES, SETTLE_MS, share, tenths, timesToSpan } from './starts.ts';

const ROUNDS = 5;
const SEARCHES = 3;
const FIRST_RATES = [0, 20, 300];

/** The CPU time of agent and prober, and the wake-ups of the agent. */
export async function versusStarts(builds: Builds): Promise<Comparison[]> {
  const namespace = await PidNamespace.make();
  const start = (command: string) => namespace.startAgent(['--output', 'json', '--trigger', 'manual'], command);
  const agents = [await start(builds.other), await start(builds.ours)];
  await sleep(SETTLE_MS);
  const rows: Comparison[] = [];
  for (const rate of RATES) {
    const rounds: Cost[][] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await costsOf(namespace, agents, rate));
    const row = (what: string, value: (cost: Cost) => number, format: Comparison['format']) => ({
      what: `${what}, ${rate} starts a second`,
      other: rounds.map(([other]) => value(other!)),
      ours: rounds.map(([, ours]) => value(ours!)),
      format,
    });
    rows.push(
      { ...row('CPU of agent and prober', (cost) => cost.agentNs + cost.proberNs, share), target: 0.1 },
      row('of that the prober', (cost) => cost.proberNs, share),
      row('wake-ups of the agent a second', (cost) => cost.wakeUps, tenths),
    );
  }
  await namespace.end();
  return rows;
}

/** The time from the start of a publisher that does not announce itself, and from a publication, to a stall that has its span. */
export async function versusFirst(builds: Builds, folder: string): Promise<Comparison[]> {
  const file = (which: string) => join(folder, `starts-${which}.json`);
  const start = (which: keyof Builds) =>
    startAgent(['--trigger', 'manual', '--output', `json:${file(which)}`], {}, builds[which]);
  const files = [file('other'), file('ours')];
  const rows: Comparison[] = [];
  for (const what of ['start of a silent publisher', 'publication']) {
    for (const rate of FIRST_RATES) {
      // Started anew each time: an agent may still be busy with what started before.
      const agents = [await start('other'), await start('ours')];
      await sleep(SETTLE_MS);
      const rounds: number[][] = [];
      for (let i = 0; i < SEARCHES; i++) rounds.push(await timesToSpan(files, rate, what === 'publication'));
      rows.push({
        what: `${what} to a first stall with its span, ${rate} starts a second`,
        other: rounds.map(([other]) => other!),
        ours: rounds.map(([, ours]) => ours!),
        format: (ms) => (ms < NEVER_MS ? `${ms} ms` : `over ${NEVER_MS} ms`),
        target: 1,
      });
      for (const agent of agents) await agent.stop();
    }
  }
  return rows;
}
