// SPDX-License-Identifier: Apache-2.0
/** Everything that makes the kernel compact, one after the other. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { populatedZones } from '../../../harness/host.ts';
import { Fragment } from '../../../harness/programs/fragment/fragment.ts';
import type { CompactionEvent } from '../../../src/event/event.ts';
import { askKernel, comparable, type Said } from './extfrag.ts';
import { compactByHand, compactNode } from './manual.ts';
import { NODES, PROACTIVENESS, setUp } from './settings.ts';
import type { SoFar } from './watch.ts';

export const DIRECT_WANTED = 100;
const FRAGMENTED_AT_MOST = 10;

export interface Done {
  /** The process that stalled for huge pages. */
  faulting: number;
  /** The kernel's values before each compaction of one node, after compactByHand(). */
  said: Said[];
}

export async function doAll(soFar: SoFar, ofEachAgent: readonly SoFar[]): Promise<Done> {
  // Shows progress on the console.
  const phase = (name: string) => console.log(`${Math.round(performance.now())} ms, ${soFar().length} events: ${name}`);
  setUp();
  phase('by hand');
  compactByHand();
  phase('faults of huge pages');
  const faulting = await faultHugePages(ofEachAgent);
  phase('kcompactd');
  await wakeKcompactd(soFar);
  phase('proactiveness');
  await raiseProactiveness(soFar);
  phase('fragmentation index');
  const said = await compactFragmented(soFar);
  phase(`done, after fragmenting ${said.length / NODES.length} times for the index`);
  return { faulting, said };
}

const own = (soFar: SoFar) => soFar().filter(({ pid }) => pid === process.pid);

/** Watches the events from now on. */
async function seen(soFar: SoFar, wanted: (event: CompactionEvent) => boolean, count = 1): Promise<void> {
  const before = soFar().length;
  while (soFar().slice(before).filter(wanted).length < count) await sleep(200);
}

/** The process lives until every agent has seen it, so that each can look it up: on one CPU they lag behind each other. */
async function faultHugePages(ofEachAgent: readonly SoFar[]): Promise<number> {
  // Rounds go on for as long as necessary.
  const fragment = new Fragment('-r', '0');
  const isOfIt = ({ pid }: CompactionEvent) => pid === fragment.pid;
  await Promise.all(ofEachAgent.map((soFar) => seen(soFar, isOfIt, DIRECT_WANTED)));
  await fragment.stop();
  return fragment.pid;
}

export async function wakeKcompactd(soFar: SoFar): Promise<void> {
  setUp('defer');
  const fragment = new Fragment('-r', '0', '-p', '20');
  await seen(soFar, ({ trigger }) => trigger === 'kcompactd');
  await fragment.stop();
  setUp();
}

async function raiseProactiveness(soFar: SoFar): Promise<void> {
  // The pause lasts until the signal.
  const fragment = new Fragment('-p', '60000');
  await fragment.fragmented;
  writeFileSync(PROACTIVENESS, '100');
  await seen(soFar, ({ trigger }) => trigger === 'proactive');
  writeFileSync(PROACTIVENESS, '0');
  await fragment.stop();
}

/** Repeats until free blocks did not change for at least one zone. */
async function compactFragmented(soFar: SoFar): Promise<Said[]> {
  const said: Said[] = [];
  for (let stoodStill = false; !stoodStill; ) {
    if (said.length >= FRAGMENTED_AT_MOST * NODES.length)
      throw new Error('each time free blocks moved, or large ones were left');
    // So much that no large block is left, as an index has no meaning beside one.
    const fragment = new Fragment('-m', '85', '-p', '60000');
    await fragment.fragmented;
    for (const node of NODES) {
      const before = own(soFar).length;
      const kernel = askKernel();
      said.push(kernel);
      compactNode(node);
      const zones = populatedZones().filter((zone) => zone.node === node).length;
      while (own(soFar).length < before + zones) await sleep(50);
      for (const event of own(soFar).slice(before)) stoodStill ||= comparable(event, kernel);
    }
    await fragment.stop();
  }
  return said;
}
