// SPDX-License-Identifier: Apache-2.0
// The budget for stacks in a storm of short compactions: faults of huge pages of 64 kB on fragmented memory. The books' own
// times are compared with the promise, over every time between two looks at them. test/built/stack-budget.test.ts shows the rest,
// with a clock that does not depend on this host. All settings are restored when the test process ends, however it ends.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Fragment } from '../../harness/programs/fragment/fragment.ts';
import { hugePagesOf, makeHostSmall } from '../../harness/small-host.ts';
import type { BooksReport } from '../../src/event/books-report.ts';
import { TRIGGERS } from '../../src/event/event.ts';
import { decodeKernelBooks, type KernelBooks } from '../../src/event/source-books.ts';
import { pidNamespace } from '../../src/host/pid-namespace.ts';
import { attachPrograms } from '../../src/live/attach-programs.ts';
import { kernelFeatures, readKernelBtf } from '../../src/live/kernel-features.ts';
import { Agent, parseLines } from '../support/agent.ts';
import { assertNothingLost, termOf, totalOf } from '../support/books.ts';

const HUGE_PAGE_KB = 64;
const sizes = hugePagesOf(HUGE_PAGE_KB);
/** Primes. */
const WANTED = 307;
const ENOUGH = 10_007;
const WRITES = 3;
/** A tenth of the default: on this host the default covers the stacks of a storm, which has long compactions as well. */
const SHARE = 0.001;
/** Of bpf/stack_budget.h: what the account of a CPU holds, and the part of the passing time that is paid in. */
const ACCOUNT_NS = 2 ** 20;
const ALLOWANCE = 1 / 1024;

const EVERY_EVENT = ['--output', 'json', '--max-spans-per-second', 'off'];

interface Look {
  ns: number;
  books: KernelBooks;
}

/** The most time that stacks took beyond their share and the allowance, over any time between two looks. */
function mostBeyond(looks: readonly Look[]): number {
  const beyond = looks.map(
    ({ ns, books }) => books.stackNs - SHARE * books.stackBaseNs - availableParallelism() * ALLOWANCE * ns,
  );
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const value of beyond) {
    least = Math.min(least, value);
    most = Math.max(most, value - least);
  }
  return most;
}

describe('a storm of short compactions', {
  skip: !existsSync(sizes.file) && 'this kernel has no huge pages of 64 kB',
}, () => {
  let putBack: () => Promise<unknown>;
  before(() => {
    const putBackHost = makeHostSmall();
    const putBackSizes = sizes.allow();
    putBack = () => Promise.all([putBackSizes(), putBackHost()]);
  });
  after(() => putBack());

  const storm = () => new Fragment('-r', '0', '-s', String(HUGE_PAGE_KB));

  it('stacks never take more than the share, the allowance, and what the accounts held', async () => {
    const { object } = attachPrograms(kernelFeatures(readKernelBtf()), {
      ...{ triggers: TRIGGERS, minDurationNs: 0, contexts: false, markOwnFrames: false, ringBytes: 1 << 20 },
      ...{ pidNamespace: pidNamespace(), boottimeOffsetNs: 0n, stackMinDurationNs: 0, stackBudget: SHARE },
    });
    const looks: Look[] = [];
    const faulting = storm();
    try {
      do {
        await sleep(20);
        looks.push({ ns: performance.now() * 1e6, books: decodeKernelBooks(object.readVariable('books')) });
      } while (looks.at(-1)!.books.stackOmittedBudget < WANTED && looks.at(-1)!.books.paired < ENOUGH);
    } finally {
      await faulting.stop();
      object.close();
    }
    // The second is for a stack that is interrupted for long, which is charged with a whole account.
    assert.ok(mostBeyond(looks) <= 2 * ACCOUNT_NS * availableParallelism(), `${mostBeyond(looks)} ns`);
    const { stackTaken, stackOmittedBudget, stackNs } = looks.at(-1)!.books;
    assert.ok(
      stackTaken > 0 && stackOmittedBudget >= WANTED,
      `${stackTaken} stacks, ${stackOmittedBudget} omitted, ${stackNs} ns`,
    );
  });

  it('each event has its stack, or says that the budget did not allow it; the books count both', async () => {
    const agent = await new Agent([...EVERY_EVENT, '--stack-budget', '0.1%', '--verbose'], { books: true }).attached();
    const faulting = storm();
    await agent.until(() => agent.events().filter(({ stackOmitted }) => stackOmitted === 'budget').length >= WANTED);
    await faulting.stop();
    const finished = await agent.stop();
    const books = assertNothingLost(finished);
    const events = parseLines(finished.stdout);
    const omitted = events.filter(({ stack }) => stack.length === 0);
    assert.deepEqual([...new Set(omitted.map(({ stackOmitted }) => stackOmitted))], ['budget']);
    assert.ok(events.every(({ stack, stackOmitted }) => stack.length === 0 || stackOmitted === undefined));
    assert.equal(totalOf(books, 'paired'), events.length);
    assert.equal(termOf(books, 'paired', 'with stack'), events.length - omitted.length);
    assert.equal(termOf(books, 'paired', 'omitted{budget}'), omitted.length);
    assert.match(finished.stderr, /^ {2}stacks {3}took \d+\.\d\d ms, \d+\.\d\d % of the compactions' own time$/m);
    // The price of a stack is never more than an account holds.
    for (const { durationNano } of omitted) assert.ok(durationNano * SHARE < ACCOUNT_NS, `${durationNano} ns`);
  });

  it('--stack-budget off takes all', async () => {
    const agent = await new Agent([...EVERY_EVENT, '--stack-budget', 'off'], { books: true }).attached();
    const faulting = storm();
    await agent.until(() => agent.events().length >= WANTED);
    await faulting.stop();
    const finished = await agent.stop();
    const books = assertNothingLost(finished);
    const events = parseLines(finished.stdout);
    assert.ok(events.every(({ stack, stackOmitted }) => stack.length > 0 && stackOmitted === undefined));
    assert.equal(totalOf(books, 'paired'), events.length);
    assert.equal(termOf(books, 'paired', 'with stack'), events.length);
  });
});

/** The stacks that were not taken, for whatever reason. */
const omittedIn = (books: BooksReport): number =>
  ['budget', 'min_duration', 'failed'].reduce((sum, why) => sum + termOf(books, 'paired', `omitted{${why}}`), 0);

describe('compactions by hand', () => {
  const pairs = WRITES * populatedZones().filter(({ node }) => node === 0).length;
  const byHand = async (...args: string[]) => {
    const options = ['--output', 'json', '--pid', String(process.pid), ...args];
    const agent = await new Agent(options, { books: true }).attached();
    compact(COMPACT_NODE0, WRITES);
    const finished = await agent.stop();
    return { books: assertNothingLost(finished), events: parseLines(finished.stdout) };
  };

  it('each has its stack within the default budget', async () => {
    const { books, events } = await byHand();
    assert.equal(events.length, pairs);
    assert.ok(events.every(({ stack, stackOmitted }) => stack.length > 0 && stackOmitted === undefined));
    assert.equal(termOf(books, 'paired', 'with stack'), pairs);
    assert.equal(omittedIn(books), 0);
  });

  it('--stack-min-duration leaves out the shorter ones, which say so', async () => {
    const { books, events } = await byHand('--stack-min-duration', '100us');
    const short = events.filter(({ durationNano }) => durationNano < 100_000);
    assert.ok(events.every((event) => event.stackOmitted === (short.includes(event) ? 'min_duration' : undefined)));
    assert.ok(events.every((event) => event.stack.length > 0 !== short.includes(event)));
    assert.equal(termOf(books, 'paired', 'omitted{min_duration}'), short.length);
  });

  it('--stack none: nothing is omitted, as none is wanted', async () => {
    const { books, events } = await byHand('--stack', 'none');
    assert.ok(events.every(({ stack, stackOmitted }) => stack.length === 0 && stackOmitted === undefined));
    assert.ok(books.equations.every(({ terms }) => !('with stack' in terms)));
  });
});
