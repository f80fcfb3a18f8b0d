// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import type { AgentStatus } from './status.ts';

/** For a socket that nobody answers. */
const TIMEOUT_MS = 5000;

/** Asks the agent at a socket. Rejects with the system's error, or with an Error that says what came instead. */
export async function askStatus(path: string): Promise<AgentStatus> {
  const socket = connect(path).setEncoding('utf8').setTimeout(TIMEOUT_MS);
  socket.once('timeout', () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  let text = '';
  for await (const part of socket) text += part;
  if (text === '') throw new Error('it is just starting, or ending');
  return JSON.parse(text) as AgentStatus;
}
