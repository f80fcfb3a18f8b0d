// SPDX-License-Identifier: Apache-2.0
/** What --verbose reports of the programs in the kernel. */
import { publicationsUnseen } from '../host/limitations.ts';
import type { LiveSource } from '../live/live-source.ts';
import { message } from '../messages/message.ts';
import type { Messages } from './messages.ts';

/** How they are attached. @param attachedMs since the start of the process */
export function reportAttachment(messages: Messages, source: LiveSource, attachedMs: number): void {
  messages.say(message('attached_after', { milliseconds: Math.round(attachedMs) }));
  const { passedOver, publicationsUnseen: why, notMeasured } = source.attachment;
  for (const plan of passedOver) messages.show(message('plan_skipped', { plan }), `  skipped ${plan}`);
  if (why) {
    const unseen = publicationsUnseen(why);
    messages.show(unseen, `  ${unseen.text}`);
  }
  if (notMeasured) messages.show(message('run_time_unmeasured', { reason: notMeasured }), `  ${notMeasured}`);
  const log = source.loaderLog();
  if (log) messages.show(message('loader_log', { log }), log);
}

/** What they cost. */
export function reportRunTime(messages: Messages, source: LiveSource): void {
  const show = (line: string) => messages.show(message('run_time', { line: line.trim() }), line);
  const { stackNs = 0, stackBaseNs = 0 } = source.books().kernel ?? {};
  if (stackBaseNs > 0) {
    const share = ((stackNs / stackBaseNs) * 100).toFixed(2);
    show(`  stacks   took ${(stackNs / 1e6).toFixed(2)} ms, ${share} % of the compactions' own time`);
  }
  for (const { name, runCount, runTimeNs } of source.programStats()) {
    const mean = runCount > 0 ? `${(runTimeNs / runCount / 1000).toFixed(2)} us` : '-';
    show(`  program  ${name}: ${runCount} runs, ${mean} each`);
  }
}
