// SPDX-License-Identifier: Apache-2.0
import { logExporters } from '../logs/configured.ts';
import type { Messages } from './messages.ts';

/** Sends messages as log records, where the variables say so. Throws a usage error for one that cannot be used. */
export async function openLogs(messages: Messages, env: NodeJS.ProcessEnv): Promise<void> {
  if (logExporters(env).length === 0) return;
  const { AgentLogs } = await import('../logs/agent-logs.ts');
  messages.sendTo(await AgentLogs.open(env, (warning) => messages.say(warning)));
}
