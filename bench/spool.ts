// SPDX-License-Identifier: Apache-2.0
/** CPU time of a span that goes through the spool, and of one that does not, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from './agent.ts';
import type { Row } from './report.ts';
import { hundredths, type Live, LOADS, live, mb, ROUNDS, us } from './spans.ts';
import { overRounds } from './statistics.ts';

interface Round {
  spooled: Live;
  unspooled: Live;
}

export async function measureSpool(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const load of LOADS) {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const unspooled = await live(COMMAND, load, folder);
      const spool = mkdtempSync(join(folder, 'spool-'));
      const spooled = await live(COMMAND, load, folder, { options: ['--spool', spool, '--user', 'root'] });
      rmSync(spool, { recursive: true });
      rounds.push({ spooled, unspooled });
    }
    const row = (what: string, value: (round: Round) => number, format: (value: number) => string) => ({
      what: `${load.name}: ${what}`,
      ...overRounds(rounds, value, format),
    });
    rows.push(
      row('CPU time of a span', ({ unspooled }) => unspooled.cpuUs, us),
      row('CPU time of a span with --spool', ({ spooled }) => spooled.cpuUs, us),
      { ...row('ratio', ({ spooled, unspooled }) => spooled.cpuUs / unspooled.cpuUs, hundredths), budget: '1.3' },
      row('anonymous memory at the end, with --spool', ({ spooled }) => spooled.anonymousBytes, mb),
    );
  }
  return rows;
}
