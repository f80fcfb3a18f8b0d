// SPDX-License-Identifier: Apache-2.0
// A span's record whose page comes or goes while its thread stalls. The read must not wait for the page, so it happens at the
// begin and, if that fails, again at the end. A stall is a child when the page is present at either, and otherwise a root.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent } from '../support/agent.ts';
import { assertNothingLost, termOf } from '../support/books.ts';
import { CommandedProgram } from '../support/commanded-program.ts';
import { contextOf } from '../support/stalls.ts';
import { AGREE_NS, endOf, startOf } from '../support/timed.ts';

const WANTED = 17;
/** Each takes milliseconds; some hundred are enough. */
const MAX_STALLS = 2000;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const PROGRAM = fileURLToPath(new URL('../../harness/programs/stalls/build/absent', import.meta.url));
/** A limit that only a hang reaches, even in the emulator. */
const GIVE_UP_MS = 580_000;

type Change = 'touch' | 'drop';

/** By the program's clock: a stall, and the interval in which the page came or went. */
interface Stall {
  number: number;
  begin: bigint;
  end: bigint;
  from: bigint;
  to: bigint;
}

/** Whether the page was present; undefined in doubt, as the agent's clock has an uncertainty. */
function pageOf(change: Change, { begin, end, from, to }: Stall, events: readonly CompactionEvent[], index: number) {
  const event = events[index]!;
  // The first reading is after the previous compaction, the second one before the next.
  const previous = index === 0 ? begin : endOf(events[index - 1]!);
  const next = index === events.length - 1 ? end : startOf(events[index + 1]!);
  const begins = from > startOf(event) + AGREE_NS;
  const ends = to < endOf(event) - AGREE_NS;
  if (change === 'touch') {
    if (begins && ends) return 'came meanwhile';
    if (to < startOf(event) - AGREE_NS) return 'there';
    if (from > next + AGREE_NS) return 'not there';
  } else {
    if (begins && ends) return 'went meanwhile';
    if (from > endOf(event) + AGREE_NS) return 'there';
    if (to < previous - AGREE_NS) return 'not there';
  }
  return undefined;
}

describe('a stall whose record’s page', () => {
  const judged: Record<string, boolean[]> = { 'came meanwhile': [], 'went meanwhile': [], 'not there': [], there: [] };
  let agent: Agent;
  let program: CommandedProgram;
  let stalls = 0;
  let roots = 0;
  let children = 0;

  const own = () => agent.events().filter(({ pid }) => pid === program.pid);
  const enough = () => Object.values(judged).every(({ length }) => length >= WANTED);

  async function stall(command: Change | 'stay', delayNs = 0n): Promise<Stall> {
    const said = await program.tell(`${command} ${delayNs}`);
    const [begin, end, from, to] = /^stall (\d+) (\d+) (\d+) (\d+)$/m.exec(said)!.slice(1).map(BigInt);
    stalls += 1;
    await agent.until(() => own().length === stalls * ZONES);
    return { number: stalls, begin: begin!, end: end!, from: from!, to: to! };
  }

  function judge(change: Change, made: Stall): void {
    const events = own().slice(-ZONES);
    for (const [i, { context }] of events.entries()) {
      if (context) {
        assert.deepEqual(context, contextOf(program.pid, made.number));
      }
      if (context) children += 1;
      else roots += 1;
      const page = pageOf(change, made, events, i);
      if (page) judged[page]!.push(context !== undefined);
    }
  }

  before(async () => {
    assert.ok(existsSync(PROGRAM), 'absent has not been built');
    agent = await new Agent(['--output', 'json', '--verify', '--max-spans-per-second', 'off'], {
      giveUpMs: GIVE_UP_MS,
      books: true,
    }).attached();
    program = new CommandedProgram(PROGRAM, [COMPACT_NODE0]);
    let last = await stall('stay');
    for (; !own().at(-1)!.context; last = await stall('stay')) await sleep(100);
    children = own().filter(({ context }) => context).length;
    for (let i = 0; !enough() && i < MAX_STALLS; i++) {
      // Spread over the length of the previous stall, and somewhat more.
      const delayNs = ((last.end - last.begin) * BigInt((i * 37) % 130)) / 100n;
      const change = i % 2 === 0 ? 'touch' : 'drop';
      last = await stall(change, delayNs);
      judge(change, last);
    }
    await program.end();
  });

  for (const [page, child] of [
    ['came meanwhile', true],
    ['went meanwhile', true],
    ['there', true],
    ['not there', false],
  ] as const) {
    it(`${page}: a ${child ? 'child' : 'root'}`, () => {
      const wrong = judged[page]!.filter((isChild) => isChild !== child);
      assert.ok(judged[page]!.length >= WANTED, `${judged[page]!.length} of ${stalls}`);
      assert.equal(wrong.length, 0, `of ${judged[page]!.length}`);
    });
  }

  it('all of them: counted by their outcome', async () => {
    const books = assertNothingLost(await agent.stop());
    assert.equal(termOf(books, 'begins', 'with context'), children);
    assert.equal(termOf(books, 'begins', 'without{unreadable}'), roots);
  });
});
