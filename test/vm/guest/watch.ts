// SPDX-License-Identifier: Apache-2.0
/** Several agents that watch the same work, one for each attach plan. */
import assert from 'node:assert/strict';
import type { CompactionEvent } from '../../../src/event/event.ts';
import type { PlanName } from '../../../src/live/attach-plan.ts';
import { Agent, type Finished, parseLines } from '../../support/agent.ts';
import { ALL_STACKS, quiet, type Scanned, scanned } from './settings.ts';

/** A limit that only a hang reaches. Emulated, the work takes a minute, and longer on a busy host. */
const GIVE_UP_MS = 580_000;

export interface Watched {
  plan: PlanName;
  finished: Finished;
  events: CompactionEvent[];
  /** The change of the kernel's counters after all agents were attached and before any ended. */
  scanned: Scanned;
}

/** The events that an agent has seen so far. */
export type SoFar = () => readonly CompactionEvent[];

/** No compaction is under way when the agents attach or end, so all of them see the same ones. */
export async function watch(
  plans: readonly PlanName[],
  work: (soFar: SoFar, ofEachAgent: readonly SoFar[]) => void | Promise<void>,
) {
  await quiet();
  const agents: Agent[] = [];
  for (const plan of plans) {
    const args = ['--output', 'json', '--verify', '--max-spans-per-second', 'off', '--attach', plan, ...ALL_STACKS];
    agents.push(await new Agent(args, { giveUpMs: GIVE_UP_MS }).attached());
  }
  const before = scanned();
  const ofEachAgent = agents.map((agent) => () => agent.events());
  await work(ofEachAgent[0]!, ofEachAgent);
  await quiet();
  const change = scanned().map((value, i) => value - before[i]!) as Scanned;
  const watched: Watched[] = [];
  for (const [i, plan] of plans.entries()) {
    const finished = await agents[i]!.stop();
    watched.push({ plan, finished, events: parseLines(finished.stdout), scanned: change });
  }
  return watched;
}

/** Asserts that nothing was lost, and that the scanned pages match the kernel's count, by the agent's check and by ours. */
export function assertComplete({ finished, events, scanned }: Watched): void {
  assert.equal(finished.code, 0, finished.stderr);
  assert.match(finished.stderr, new RegExp(`: ${events.length} compactions?, 0 lost`));
  assert.doesNotMatch(finished.stderr, /DOES NOT BALANCE|NOT EQUAL/);
  assert.equal(finished.stderr.match(/verify .*: equal; .*: equal$/gm)?.length, 2, finished.stderr);
  const total = (which: 'migrate' | 'free') => events.reduce((sum, event) => sum + event.scanned[which], 0);
  assert.deepEqual([total('migrate'), total('free')], scanned);
}
