// SPDX-License-Identifier: Apache-2.0
/** Several agents over the same work, one for each way to attach. */
import assert from 'node:assert/strict';
import type { CompactionEvent } from '../../../src/event/event.ts';
import type { PlanName } from '../../../src/live/attach-plan.ts';
import { Agent, type Finished, parseLines } from '../../support/agent.ts';
import { quiet, type Scanned, scanned } from './settings.ts';

/** Emulated, the work takes a minute, more while the host is busy. Only a hang takes as long. */
const GIVE_UP_MS = 580_000;

export interface Watched {
  plan: PlanName;
  finished: Finished;
  events: CompactionEvent[];
  /** Change of the kernel's counters while all agents were attached and before any ended. */
  scanned: Scanned;
}

/** What the first of the agents has seen so far. */
export type SoFar = () => readonly CompactionEvent[];

/** Nothing is under way when they attach, nor when they end: so all of them see the same compactions. */
export async function watch(plans: readonly PlanName[], work: (soFar: SoFar) => void | Promise<void>) {
  await quiet();
  const agents: Agent[] = [];
  for (const plan of plans) {
    const args = ['--output', 'json', '--verify', '--attach', plan];
    agents.push(await new Agent(args, { giveUpMs: GIVE_UP_MS }).attached());
  }
  const before = scanned();
  await work(() => agents[0]!.events());
  await quiet();
  const change = scanned().map((value, i) => value - before[i]!) as Scanned;
  const watched: Watched[] = [];
  for (const [i, plan] of plans.entries()) {
    const finished = await agents[i]!.stop();
    watched.push({ plan, finished, events: parseLines(finished.stdout), scanned: change });
  }
  return watched;
}

/** Nothing lost, and as many pages scanned as the kernel counted: by the agent's own check and by ours. */
export function assertComplete({ finished, events, scanned }: Watched): void {
  assert.equal(finished.code, 0, finished.stderr);
  assert.match(finished.stderr, new RegExp(`: ${events.length} compactions?, 0 lost`));
  assert.doesNotMatch(finished.stderr, /DOES NOT BALANCE|NOT EQUAL/);
  assert.equal(finished.stderr.match(/verify .*: equal; .*: equal$/gm)?.length, 2, finished.stderr);
  const total = (which: 'migrate' | 'free') => events.reduce((sum, event) => sum + event.scanned[which], 0);
  assert.deepEqual([total('migrate'), total('free')], scanned);
}
