// SPDX-License-Identifier: Apache-2.0
import { EXIT, UserError } from '../errors.ts';
import { Messages } from './messages.ts';

/**
 * Runs a command and ends the process with its exit code. A UserError prints as one sentence; any other error is a
 * defect and keeps its stack trace.
 */
export async function main(command: string, run: (args: string[], messages: Messages) => Promise<number>) {
  const messages = new Messages(command);
  process.once('uncaughtException', (error) => internalError(messages, error));
  const args = process.argv.slice(2);
  try {
    // Not process.exitCode: a write that hangs on an unread pipe would keep the process alive.
    const code = await run(args, messages);
    if (code === EXIT.HOST) suggestDemo(messages);
    process.exit(code);
  } catch (error) {
    if (!(error instanceof UserError)) return internalError(messages, error);
    messages.say(error.message);
    if (error.detail && args.some((arg) => arg === '-v' || arg === '--verbose')) messages.print(error.detail);
    if (error.exitCode === EXIT.HOST) suggestDemo(messages);
    process.exit(error.exitCode);
  }
}

/** To whoever tries it from a clone, by `npm start`. */
function suggestDemo(messages: Messages): void {
  if (process.env.npm_lifecycle_event !== 'start') return;
  messages.say('npm run demo needs none of this: it shows stalls of an emulated machine.');
}

function internalError(messages: Messages, error: unknown): never {
  messages.say(`internal error, please report it: ${error instanceof Error ? error.stack : error}`);
  process.exit(EXIT.FAILURE);
}
