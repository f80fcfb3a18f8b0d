// SPDX-License-Identifier: Apache-2.0
/** A process that publishes its spans while everything else about it changes: harness/programs/publishers/lives.c. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import type { Agent } from './agent.ts';
import { CommandedProgram } from './commanded-program.ts';
import { contextOf } from './stalls.ts';

const BUILD = fileURLToPath(new URL('../../harness/programs/publishers/build/', import.meta.url));
/** The programs: the first publishes in its own variable, the others in that of the library that they open. */
export const PUBLISHES = `${BUILD}lives`;
export const OPENS = `${BUILD}lives-opens`;
export const OPENS_MUSL = `${BUILD}musl/lives-opens`;
export const library = (name: string, libc = 'glibc') => `${BUILD}${libc}/library-${name}.so`;

/** The number of events of a stall. */
export const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** The number of roots among these stalls. */
export const roots = (list: readonly (string | undefined)[]) => list.filter((span) => span === undefined).length;

/** A process of lives.c, or, after a fork, its child. */
export class Life extends CommandedProgram {
  readonly #agent: Agent;
  #process: number;
  #made = 0;

  constructor(agent: Agent, program: string, pid?: number) {
    assert.ok(existsSync(program), `${program} has not been built`);
    super(program, [COMPACT_NODE0, ...(pid === undefined ? [] : [`${pid}`])]);
    this.#agent = agent;
    this.#process = pid ?? this.pid;
  }

  /** Makes it stall, in its thread or a new one. @returns the spans of those stalls; undefined for roots */
  async stalls(count: number, command: 'stall' | 'thread' = 'stall'): Promise<(string | undefined)[]> {
    const events = () => this.#agent.events().filter(({ pid }) => pid === this.#process);
    const before = events().length;
    const tid = /^tid (\d+)/.exec(await this.tell(`${command} ${count}`))?.[1];
    this.#agent.child.kill('SIGCONT');
    await this.#agent.until(() => events().length === before + count * ZONES);
    const first = tid === undefined ? this.#made + 1 : 1;
    if (tid === undefined) this.#made += count;
    return spans(events().slice(before), Number(tid ?? this.#process), first);
  }

  /** @returns the number of stalls that were roots before one was a child */
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

/** The spans of a thread's stalls, numbered from `first` on. Asserts that each is a child of its own span, or a root. */
function spans(events: readonly CompactionEvent[], tid: number, first: number): (string | undefined)[] {
  const stalls = Array.from({ length: events.length / ZONES }, (_, i) => events.slice(i * ZONES, (i + 1) * ZONES));
  return stalls.map((zones, i) => {
    for (const { context } of zones) if (context) assert.deepEqual(context, contextOf(tid, first + i));
    return zones.at(-1)!.context?.spanId;
  });
}
