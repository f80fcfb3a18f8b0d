// SPDX-License-Identifier: Apache-2.0
import { EXIT } from '../errors.ts';
import { message } from '../messages/message.ts';
import { failureOf } from './failure.ts';
import { logSettingsIn } from './log-options.ts';
import { Messages } from './messages.ts';

/** Runs a command and ends the process with its exit code, also after an error, wherever it was thrown. */
export async function main(command: string, run: (args: string[], messages: Messages) => Promise<number>) {
  const args = process.argv.slice(2);
  const settings = logSettingsIn(args);
  const messages = new Messages(command, settings);
  const fail = async (error: unknown): Promise<never> => {
    const { exitCode, said, detail, always } = failureOf(error);
    if (detail && (always || settings.level === 'debug')) {
      messages.say({ ...said, fields: { ...said.fields, detail } }, [detail]);
    } else messages.say(said);
    return end(exitCode);
  };
  const end = async (exitCode: number): Promise<never> => {
    if (exitCode === EXIT.HOST) suggestDemo(messages);
    await messages.close();
    // Not process.exitCode: a write that hangs on an unread pipe would keep the process alive.
    process.exit(exitCode);
  };
  process.once('uncaughtException', fail);
  try {
    await end(await run(args, messages));
  } catch (error) {
    await fail(error);
  }
}

/** A hint for people who try it from a clone, with `npm start`. */
function suggestDemo(messages: Messages): void {
  if (process.env.npm_lifecycle_event !== 'start') return;
  messages.say(message('demo_hint', {}));
}
