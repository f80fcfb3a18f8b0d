// SPDX-License-Identifier: Apache-2.0
/** CPU time of a span beside the page of --live: without it, with it and nobody there, and with one page open, in turns. */
import { get } from 'node:http';
import type { Child } from '../harness/child.ts';
import { COMMAND } from './agent.ts';
import type { Row } from './report.ts';
import { hundredths, type Live, LOADS, live, mb, ROUNDS, us } from './spans.ts';
import { overRounds } from './statistics.ts';

const OPTIONS = ['--live', '127.0.0.1:0'];

interface Round {
  without: Live;
  unwatched: Live;
  watched: Live;
}

export async function measureLivePage(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const load of LOADS) {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      rounds.push({
        without: await live(COMMAND, load, folder),
        unwatched: await live(COMMAND, load, folder, { options: OPTIONS }),
        watched: await live(COMMAND, load, folder, { options: OPTIONS, onAttached: watch }),
      });
    }
    const row = (what: string, value: (round: Round) => number, format: (value: number) => string) => ({
      what: `${load.name}: ${what}`,
      ...overRounds(rounds, value, format),
    });
    rows.push(
      row('CPU time of a span', ({ without }) => without.cpuUs, us),
      row('ratio with --live, nobody looks', ({ unwatched, without }) => unwatched.cpuUs / without.cpuUs, hundredths),
      row('ratio with --live, one page open', ({ watched, without }) => watched.cpuUs / without.cpuUs, hundredths),
      row('anonymous memory at the end, one page open', ({ watched }) => watched.anonymousBytes, mb),
    );
  }
  return rows;
}

/** Reads what a page reads, until the agent ends. */
function watch(agent: Child): Promise<void> {
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(agent.log())![0];
  return new Promise((resolve, reject) => {
    get(`${url}events`, (response) => response.on('error', () => {}).once('data', () => resolve()))
      .on('error', reject)
      .end();
  });
}
