// SPDX-License-Identifier: Apache-2.0

import { type Message, message } from '../messages/message.ts';
import { excerpt } from '../terminal.ts';

/** A sentence about a failure that is the agent's own. The run goes on without the metrics. */
export const notCollected = (error: unknown): Message =>
  message('metrics_not_collected', { error: excerpt(String((error as Error)?.message ?? error)) });
