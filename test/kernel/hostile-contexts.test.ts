// SPDX-License-Identifier: Apache-2.0
// Processes that publish malformed contexts, and stall. Nothing is read that is not there; each such stall is a root, and is
// counted with its reason. Another process, which stalls at the same time, keeps its exact spans.
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
import { spanOf } from '../support/stalls.ts';

const STALLS = 7;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const BUILD = fileURLToPath(new URL('../../harness/programs/publishers/build/', import.meta.url));

/** The reasons that the agent counts, with the behaviours of hostile.c whose every stall must be counted so. */
const REASONS: Record<string, readonly string[]> = {
  unreadable: [
    ...['nowhere', 'kernel', 'non_canonical', 'all_ones', 'no_access', 'untouched', 'beyond_page', 'truncated_file'],
    ...['userfault', 'thread_null', 'thread_unmapped', 'thread_userfault'],
    ...['vector_null', 'vector_unmapped', 'vector_kernel', 'vector_leads_nowhere'],
    ...['node_slot_unmapped', 'node_handle_kernel', 'node_frame_unmapped', 'node_frame_non_canonical'],
    ...['node_table_kernel', 'node_table_userfault', 'node_most_buckets', 'node_far_bucket', 'node_index_too_high'],
    ...['node_value_unmapped', 'node_offset_beyond'],
  ],
  invalid: ['valid_2', 'valid_255', 'zero_trace', 'zero_span'],
  no_block: ['vector_short', 'vector_unused', 'vector_unallocated'],
  no_span: [
    ...['null', 'node_closed', 'node_no_handle', 'node_no_frame', 'node_undefined_frame', 'node_empty_bucket'],
    ...['node_undefined_value', 'node_no_record', 'valid_0', 'node_invalid_record', 'zero_ids'],
  ],
  not_in_map: ['node_no_buckets', 'node_3_buckets', 'node_circle', 'node_too_long_chain'],
};
/** Behaviours at the bounds of what the agent reads. */
const JUST_RIGHT = { fits_page: 'thread', no_attributes: 'thread', node: 'nodejs', node_long_chain: 'nodejs' };
/** A limit that only a hang reaches: one agent sees twenty processes, in an emulated machine too. */
const GIVE_UP_MS = 400_000;
/** Processes that publish correctly, but are hard to read. */
const ODD = [
  ...['context_version', 'context_4_gb', 'context_unmapped', 'context_kernel', 'context_never_ready'],
  ...['context_userfault', 'context_marked', 'context_nested', 'context_republished'],
  ...['code_huge', 'code_tables_too_long', 'code_tables_far', 'code_many_files', 'many_mappings', 'many_threads'],
];

/** The stalls of one thread. Its count of stalls determines trace and span. */
class Stalling extends CommandedProgram {
  made = 0;

  constructor(behaviour: string, program = 'hostile') {
    assert.ok(existsSync(BUILD + program), `${program} has not been built`);
    super(BUILD + program, [behaviour, COMPACT_NODE0]);
  }

  async stall(kind: 'good' | 'bad', count: number): Promise<void> {
    await this.tell(`${kind} ${count}`);
    this.made += count;
  }
}

/** An agent, and a process that publishes correctly. The end checks the exact books. */
class Watch {
  readonly agent = new Agent(['--output', 'json', '--verify'], { giveUpMs: GIVE_UP_MS, books: true });
  readonly #good = new Stalling('none');
  #before = 0;

  static async begin(): Promise<Watch> {
    const watch = new Watch();
    await watch.agent.attached();
    watch.#before = await watch.known(watch.#good);
    return watch;
  }

  of({ pid }: CommandedProgram): readonly CompactionEvent[] {
    return this.agent.events().filter((event) => event.pid === pid);
  }

  /** @returns the number of stalls until one was a child */
  async known(process: Stalling): Promise<number> {
    for (;;) {
      await process.stall('good', 1);
      await this.agent.until(() => this.of(process).length === process.made * ZONES);
      if (this.of(process).at(-1)!.context) return process.made;
      await sleep(100);
    }
  }

  /** @returns a process's stalls once it is known, made beside those of the good one, and the number of the first */
  async stalls(process: Stalling, kind: 'good' | 'bad') {
    const before = await this.known(process);
    for (let i = 0; i < STALLS; i++) await Promise.all([process.stall(kind, 1), this.#good.stall('good', 3)]);
    await this.agent.until(() => this.of(process).length === process.made * ZONES);
    await process.end();
    return { events: this.of(process).slice(before * ZONES), from: before + 1 };
  }

  /** @param counted the stalls of known processes without a context, by reason */
  async end(counted: Record<string, number>): Promise<void> {
    const finished = await this.agent.stop();
    await this.#good.end();
    const books = assertNothingLost(finished);
    assert.equal(this.of(this.#good).length, this.#good.made * ZONES);
    assertChildren(this.of(this.#good).slice(this.#before * ZONES), this.#good.pid, this.#before + 1);
    for (const reason of [...Object.keys(REASONS), 'stale']) {
      const count = termOf(books, 'begins', `without{${reason}}`);
      assert.equal(count, counted[reason] ?? 0, `${reason}\n${finished.stderr}`);
    }
  }
}

/** Asserts children from the stall of that number on. */
function assertChildren(events: readonly CompactionEvent[], pid: number, from: number): void {
  for (const [i, { context }] of events.entries()) {
    const span = spanOf(pid, from + Math.floor(i / ZONES));
    assert.deepEqual(context, { source: 'thread', ...span, flags: 1, relation: 'child' });
  }
}

function programOf(behaviour: string): string {
  // Threads reach the library's variables through a DTV. Without the variable of Node.js every file is searched for it.
  return behaviour.startsWith('vector') ? 'hostile-dtv' : behaviour.startsWith('code') ? 'hostile-v1' : 'hostile';
}

for (const [reason, behaviours] of Object.entries(REASONS)) {
  describe(`roots, counted as ${reason}`, () => {
    let watch: Watch;
    before(async () => {
      watch = await Watch.begin();
    });
    for (const behaviour of behaviours) {
      it(behaviour, async () => {
        const { events } = await watch.stalls(new Stalling(behaviour, programOf(behaviour)), 'bad');
        assert.equal(events.length, STALLS * ZONES);
        for (const { context } of events) assert.equal(context, undefined);
      });
    }
    // Only this reason occurs, so each stall was counted correctly.
    it('all of them, and nothing else', () => watch.end({ [reason]: behaviours.length * STALLS * ZONES }));
  });
}

describe('still children', () => {
  let watch: Watch;
  before(async () => {
    watch = await Watch.begin();
  });

  for (const [behaviour, source] of Object.entries(JUST_RIGHT)) {
    it(behaviour, async () => {
      const process = new Stalling(behaviour);
      const { events, from } = await watch.stalls(process, 'bad');
      const { traceId, spanId } = spanOf(process.pid, from - 1);
      for (const { context } of events) {
        assert.deepEqual(context, { source, traceId, spanId: `ff${spanId.slice(2)}`, flags: 1, relation: 'child' });
      }
    });
  }

  it('a record that is written all the time: only values that were written', async () => {
    const { events } = await watch.stalls(new Stalling('torn'), 'bad');
    for (const { context } of events) assert.match(context!.traceId + context!.spanId, /^(aa|bb){24}$/);
  });

  for (const behaviour of ODD) {
    it(behaviour, async () => {
      const process = new Stalling(behaviour, programOf(behaviour));
      const { events, from } = await watch.stalls(process, 'good');
      assertChildren(events, process.pid, from);
      const name = `unknown_service:${programOf(behaviour)}`;
      for (const { resource } of events) assert.equal(resource?.['service.name'], name);
    });
  }

  it('nothing is counted as wrong', () => watch.end({}));
});
