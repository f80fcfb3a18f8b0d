// SPDX-License-Identifier: Apache-2.0
// Processes that publish their spans, and fork, call exec, load and unload libraries, or reuse a pid. A stall is a child of
// its thread's span, or a root while that is not known yet, and never anything else.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Agent } from '../support/agent.ts';
import { assertNothingLost, termOf } from '../support/books.ts';
import { Life, library, OPENS, OPENS_MUSL, PUBLISHES, roots, ZONES } from '../support/life.ts';

const STALLS = 7;

let agent: Agent;
before(async () => {
  agent = await new Agent(['--output', 'json', '--verify'], { books: true }).attached();
});
/** Stops the agent's probes until the next stalls are made. */
const stopAgent = () => agent.child.kill('SIGSTOP');

describe('a stall of', () => {
  it('a new thread: a child from its first stall on', async () => {
    const life = new Life(agent, PUBLISHES);
    await life.known();
    for (let i = 0; i < STALLS; i++) assert.equal(roots(await life.stalls(3, 'thread')), 0);
    await life.end();
  });

  it('a forked child: a child from its first stall on, as its parent is known; the stalls of its own child are so after a probe', async () => {
    const life = new Life(agent, PUBLISHES);
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

  it('a forked child that calls exec: never in its parent’s spans', async () => {
    const life = new Life(agent, PUBLISHES);
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

  it('a forked child that executes the same program again, with equal addresses: never in its parent’s spans', async () => {
    const life = new Life(agent, PUBLISHES);
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
    const life = new Life(agent, PUBLISHES);
    await life.known();
    stopAgent();
    await life.exec(PUBLISHES);
    assert.equal(roots(await life.stalls(1)), 1);
    await life.known();
    assert.equal(roots(await life.stalls(STALLS)), 0);
    await life.end();
  });

  it('another process with the same pid: roots, counted as stale, until it is found', async () => {
    const first = new Life(agent, PUBLISHES);
    await first.known();
    stopAgent();
    await first.end();
    const second = new Life(agent, PUBLISHES, first.pid);
    assert.equal(roots(await second.stalls(1)), 1);
    await second.known();
    assert.equal(roots(await second.stalls(STALLS)), 0);
    await second.end();
  });

  for (const [program, libc, name] of [
    [OPENS, 'glibc', 'gd'],
    [OPENS, 'glibc', 'descriptor'],
    [OPENS, 'glibc', 'descriptor-large'],
    [OPENS, 'glibc', 'initial-exec'],
    // musl refuses initial-exec in a library that comes late.
    [OPENS_MUSL, 'musl', 'gd'],
    [OPENS_MUSL, 'musl', 'descriptor'],
  ] as const) {
    it(`a process that loads its library late (${libc}, ${name}): a child as soon as it is found`, async () => {
      const life = new Life(agent, program);
      assert.equal(roots(await life.stalls(STALLS)), STALLS);
      await life.tell(`open ${library(name, libc)}`);
      await life.known();
      assert.equal(roots(await life.stalls(STALLS)), 0);
      assert.equal(roots(await life.stalls(3, 'thread')), 0);
      await life.end();
    });
  }

  it('a process that unloads its library, and loads another in its place', async () => {
    const life = new Life(agent, OPENS);
    for (const name of ['gd', 'descriptor-large', 'descriptor-protected', 'gd']) {
      await life.tell(`open ${library(name)}`);
      await life.known();
      assert.equal(roots(await life.stalls(STALLS)), 0);
      await life.tell('close');
      assert.equal(roots(await life.stalls(STALLS)), STALLS);
    }
    await life.end();
  });

  it('a process with several copies of a publisher, which come late: a child, whichever copy is used', async () => {
    const life = new Life(agent, PUBLISHES);
    await life.known();
    const copies = ['open gd', 'open descriptor-large', 'apart gd'].map((copy) => {
      const [how, name] = copy.split(' ');
      return `${how} ${library(name!)}`;
    });
    for (const copy of copies) {
      await life.tell(copy);
      await life.known();
      assert.equal(roots(await life.stalls(STALLS)), 0);
      assert.equal(roots(await life.stalls(3, 'thread')), 0);
    }
    // All of them are known by now.
    for (const copy of copies.slice(0, 2)) {
      await life.tell(copy);
      assert.equal(roots(await life.stalls(STALLS)), 0);
    }
    await life.end();
  });

  it('all of them: the books balance, and stale contexts are counted', async () => {
    const books = assertNothingLost(await agent.stop());
    assert.ok(termOf(books, 'begins', 'without{stale}') >= 2 * ZONES);
  });
});
