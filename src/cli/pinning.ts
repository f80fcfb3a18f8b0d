// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { Attachment } from '../live/attachment.ts';
import { message } from '../messages/message.ts';
import { duration } from '../sinks/text/table.ts';
import type { Messages } from './messages.ts';

/** Reports what `--pin` did at the start. */
export function reportPinning(messages: Messages, given: string, { pinning }: Attachment): void {
  const folder = resolve(given);
  if (pinning?.obstacle !== undefined) messages.say(message('not_pinned', { reason: pinning.obstacle }));
  if (pinning?.adopted) messages.say(message('adopted', { folder }));
  if (pinning?.replaced) {
    const { unread } = pinning.replaced;
    const records =
      unread === undefined ? 'records (it is not known how many)' : unread === 1 ? '1 record' : `${unread} records`;
    messages.say(message('replaced', { folder, unread: records }));
  }
}

/** Reports that the programs outlive this agent, if they do. @param ttlNs how long they record without one */
export function reportLeaving(messages: Messages, folder: string, ttlNs: number, { pinning }: Attachment): void {
  if (pinning === undefined || pinning.obstacle !== undefined) return;
  messages.say(message('left_attached', { folder: resolve(folder), ttl: duration(ttlNs) }));
}
