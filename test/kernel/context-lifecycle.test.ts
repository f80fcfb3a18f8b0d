// SPDX-License-Identifier: Apache-2.0
// Processes that publish their spans, and fork, call exec, load and unload libraries, or have the pid of another: a stall is
// a child of the span that its thread was in, or a root while that is not known yet, and never anything else.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CompactionEvent } from '../../src/event.ts';
import { Agent } from '../support/agent.ts';
import { COMPACT_NODE0, populatedZones } from '../support/host.ts';
import { spanOf } from '../support/stalls.ts';
import { Told } from '../support/told.ts';

const STALLS = 7;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const BUILD = fileURLToPath(new URL('../fixtures/publishers/build/', import.meta.url));
const [PUBLISHES, OPENS] = ['lives', 'lives-opens'].map((name) => BUILD + name) as [string, string];
const library = (name: string) => `${BUILD}glibc/library-${name}.so`;

let agent: Agent;
before(async () => {
  agent = await new Agent(['--output', 'json', '--verify']).attached();
});
/** Until the next stalls are made, it looks at nothing. */
const stopAgent = () => agent.child.kill('SIGSTOP');

/** A process of lives.c, later a child of it. */
class Life extends Told {
  #process: number;
  #made = 0;

  constructor(program: string, pid?: number) {
    assert.ok(existsSync(program), `${program} has not been built`);
    super(program, [COMPACT_NODE0, ...(pid === undefined ? [] : [`${pid}`])]);
    this.#process = pid ?? this.pid;
  }

  /** Has it stall, or do that in a new thread. @returns the spans of those stalls, or undefined for roots */
  async stalls(count: number, command: 'stall' | 'thread' = 'stall'): Promise<(string | undefined)[]> {
    const events = () => agent.events().filter(({ pid }) => pid === this.#process);
    const before = events().length;
    const tid = /^tid (\d+)/.exec(await this.tell(`${command} ${count}`))?.[1];
    agent.child.kill('SIGCONT');
    await agent.until(() => events().length === before + count * ZONES);
    const first = tid === undefined ? this.#made + 1 : 1;
    if (tid === undefined) this.#made += count;
    return spans(events().slice(before), Number(tid ?? this.#process), first);
  }

  /** @returns how many stalls were roots, until one was a child */
  async known(): Promise<number> {
    let roots = 0;
    for (; (await this.stalls(1))[0] === undefined; roots++) await sleep(100);
    return roots;
  }

  async fork(): Promise<void> {
    this.#process = Number(/^pid (\d+)/.exec(await this.tell('fork'))![1]);
    this.#made = 0;
  }

  async exec(program: string): Promise<void> {
    await this.tell(`exec ${program}`);
    this.#made = 0;
  }
}

/** Of stalls that a thread made, numbered from `first` on: each a child of its own span, or a root. */
function spans(events: readonly CompactionEvent[], tid: number, first: number): (string | undefined)[] {
  const stalls = Array.from({ length: events.length / ZONES }, (_, i) => events.slice(i * ZONES, (i + 1) * ZONES));
  return stalls.map((zones, i) => {
    const span = spanOf(tid, first + i);
    for (const { context } of zones)
      if (context) assert.deepEqual(context, { source: 'thread', ...span, flags: 1, relation: 'child' });
    return zones.at(-1)!.context?.spanId;
  });
}

const roots = (list: readonly (string | undefined)[]) => list.filter((span) => span === undefined).length;

describe('a stall of', () => {
  it('a thread that has just started, and ends: a child from the first on', async () => {
    const life = new Life(PUBLISHES);
    await life.known();
    for (let i = 0; i < STALLS; i++) assert.equal(roots(await life.stalls(3, 'thread')), 0);
    await life.end();
  });

  it('a forked child: a child from the first on, as its parent is known; its own child after a look', async () => {
    const life = new Life(PUBLISHES);
    await life.known();
    await life.fork();
    assert.equal(roots(await life.stalls(STALLS)), 0);
    await life.fork();
    assert.ok((await life.known()) > 0, 'its parent is known by its own parent only');
    assert.equal(roots(await life.stalls(STALLS)), 0);
    await life.tell('end');
    await life.tell('end');
    await life.end();
  });

  it('a forked child that then became another program: none of its parent’s spans', async () => {
    const life = new Life(PUBLISHES);
    await life.known();
    await life.fork();
    assert.equal(roots(await life.stalls(1)), 0);
    await life.exec(OPENS);
    assert.equal(roots(await life.stalls(STALLS)), STALLS);
    await life.exec(PUBLISHES);
    await life.known();
    assert.equal(roots(await life.stalls(STALLS)), 0);
    await life.tell('end');
    await life.end();
  });

  it('a forked child that started the same program again, with everything where it was: not its parent’s', async () => {
    const life = new Life(PUBLISHES);
    await life.exec(PUBLISHES);
    await life.known();
    await life.fork();
    stopAgent();
    await life.exec(PUBLISHES);
    assert.equal(roots(await life.stalls(1)), 1);
    await life.known();
    await life.tell('end');
    await life.end();
  });

  it('a process that calls exec: roots, counted as stale, until the new program is found', async () => {
    const life = new Life(PUBLISHES);
    await life.known();
    stopAgent();
    await life.exec(PUBLISHES);
    assert.equal(roots(await life.stalls(1)), 1);
    await life.known();
    assert.equal(roots(await life.stalls(STALLS)), 0);
    await life.end();
  });

  it('another process with the same pid: roots, counted as stale, until it is found', async () => {
    const first = new Life(PUBLISHES);
    await first.known();
    stopAgent();
    await first.end();
    const second = new Life(PUBLISHES, first.pid);
    assert.equal(roots(await second.stalls(1)), 1);
    await second.known();
    assert.equal(roots(await second.stalls(STALLS)), 0);
    await second.end();
  });

  for (const name of ['gd', 'descriptor', 'descriptor-large', 'initial-exec']) {
    it(`a process that loads its library late (${name}): a child from when it is found on`, async () => {
      const life = new Life(OPENS);
      assert.equal(roots(await life.stalls(STALLS)), STALLS);
      await life.tell(`open ${library(name)}`);
      await life.known();
      assert.equal(roots(await life.stalls(STALLS)), 0);
      assert.equal(roots(await life.stalls(3, 'thread')), 0);
      await life.end();
    });
  }

  it('a process that unloads its library, and loads another in its place', async () => {
    const life = new Life(OPENS);
    for (const name of ['gd', 'descriptor-large', 'descriptor-protected', 'gd']) {
      await life.tell(`open ${library(name)}`);
      await life.known();
      assert.equal(roots(await life.stalls(STALLS)), 0);
      await life.tell('close');
      assert.equal(roots(await life.stalls(STALLS)), STALLS);
    }
    await life.end();
  });

  it('all of them: the books balance, and what was stale is counted', async () => {
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, / 0 lost$/m);
    assert.doesNotMatch(stderr, /DOES NOT BALANCE|NOT EQUAL/);
    const [, counted] = /(\d+) without\{stale\}/.exec(stderr)!;
    assert.ok(Number(counted) >= 2 * ZONES, stderr);
  });
});
