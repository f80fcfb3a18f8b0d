// SPDX-License-Identifier: Apache-2.0
// The library, used by a program of its own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { bpfObjectsLeft, COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { capabilities, hidden, user } from '../support/deprived.ts';
import type { Failed, Outcome, Task } from './child/library.ts';

const PROGRAM = fileURLToPath(new URL('child/library.ts', import.meta.url));
const SUPERVISOR = fileURLToPath(new URL('../../native/prober-supervisor/build/', import.meta.url));
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** The lines that a program writes about its loop. */
class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(task: Task, under: readonly string[] = []) {
    const [program, ...words] = [...under, process.execPath, PROGRAM, JSON.stringify(task)];
    this.#child = endsWithTests(spawn(program!, words, { stdio: ['ignore', 'pipe', 'inherit'] }));
    this.#ended = once(this.#child, 'exit');
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async next<T>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error('the program ended early');
    return JSON.parse(value);
  }

  /** Lets a slow loop go on. */
  release(): void {
    this.#child.kill('SIGUSR2');
  }

  /** Ends the loop by its signal. */
  async end(): Promise<Outcome> {
    this.#child.kill('SIGTERM');
    return this.next();
  }

  /** Resolves when it has ended by itself, as nothing of the library is left in it. */
  async ended(): Promise<void> {
    assert.deepEqual(await this.#ended, [0, null]);
  }
}

interface Attached {
  plan: string;
  uid: number;
  capabilities: string;
}

describe('compactions()', () => {
  it('gives each compaction to the loop, with service and stack, until its signal; and nothing is left behind', async () => {
    const program = new Program({ options: { triggers: ['manual'] } });
    const { plan, uid, capabilities } = await program.next<Attached>();
    assert.match(plan, /^(tp_btf|fentry|kprobe)$/);
    // It has all the rights that it had.
    assert.equal(uid, 0);
    assert.notEqual(capabilities, '0');
    compact(COMPACT_NODE0, 5);
    const { events, services, withStack, books } = await program.end();
    assert.equal(events, 5 * ZONES);
    assert.equal(withStack, events);
    assert.deepEqual(services, ['unknown_service:node']);
    assert.ok(books.balances);
    assert.deepEqual([books.compactions, books.lost], [events, {}]);
    assert.deepEqual(await bpfObjectsLeft(), []);
  });

  for (const [ring, ringBytes] of [
    ['a large ring: nothing is lost', undefined],
    ['a small ring: what has no room is counted', 32768],
  ] as const) {
    it(`with a slow loop, and ${ring}`, async () => {
      const options = { stacks: false, services: false, context: 'off', ...(ringBytes && { ringBytes }) } as const;
      const program = new Program({ options, slow: true });
      await program.next<Attached>();
      compact(COMPACT_NODE0, 120);
      program.release();
      const { events, withStack, books } = await program.end();
      const lost = books.lost['the ring buffer was full'] ?? 0;
      assert.equal(lost > 0, ringBytes !== undefined, `${lost} lost`);
      const begins = books.equations.find(({ name }) => name === 'begins')!.total;
      assert.ok(begins >= 120 * ZONES);
      assert.equal(events + lost, begins);
      assert.deepEqual([books.balances, books.compactions, withStack], [true, events, 0]);
    });
  }

  it('left by break: the rest is counted as dropped, and the programs are gone', async () => {
    const program = new Program({ options: { triggers: ['manual'], services: false, context: 'off' }, breakAfter: 2 });
    await program.next<Attached>();
    compact(COMPACT_NODE0, 5);
    const { events, books } = await program.next<Outcome>();
    assert.equal(events, 2);
    const loop = books.equations.at(-1)!;
    assert.equal(loop.terms['exported by the loop'], 2);
    assert.equal(loop.terms['dropped{closed}'] ?? 0, books.compactions - 2);
    assert.deepEqual([books.balances, books.lost], [true, {}]);
    assert.deepEqual(await bpfObjectsLeft(), []);
  });

  it('left while it waits for an event, as a stream does that is destroyed: it does not wait for one', async () => {
    // This process has no stalls.
    const options = { triggers: ['manual'], pid: process.pid } as const;
    const program = new Program({ options, destroyed: true });
    await program.next<Attached>();
    const { events, books } = await program.next<Outcome>();
    assert.deepEqual([events, books.balances, books.lost], [0, true, {}]);
    await program.ended();
    assert.deepEqual(await bpfObjectsLeft(), []);
  });

  it('gives up all rights when it is asked to', async () => {
    const program = new Program({ options: { user: 'nobody', services: false, context: 'off' } });
    const { uid, capabilities } = await program.next<Attached>();
    assert.deepEqual([uid, capabilities], [65534, '0']);
    compact(COMPACT_NODE0, 1);
    const { events, books } = await program.end();
    assert.ok(events >= ZONES);
    assert.deepEqual(books.lost, {});
  });

  it('where the function for the attachment throws: the loop throws that, and the programs and the prober are gone', async () => {
    const program = new Program({ options: {}, failsAttached: true });
    assert.equal((await program.next<Failed>()).message, 'not wanted');
    await program.ended();
    assert.deepEqual(await bpfObjectsLeft(), []);
  });

  it('without rights: an error of the type and with the words of the command, and no prober is left', async () => {
    const program = new Program({ options: {} }, user(65534));
    const { error, exitCode, message } = await program.next<Failed>();
    assert.deepEqual([error, exitCode], ['HostError', 3]);
    assert.match(message, /CAP_BPF/);
    await program.ended();
  });

  it('without rights, and without a supervisor of the prober: the same error', async () => {
    const program = new Program({ options: {} }, [...hidden(SUPERVISOR), ...capabilities('-all')]);
    assert.equal((await program.next<Failed>()).error, 'HostError');
    await program.ended();
  });
});
