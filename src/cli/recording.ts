// SPDX-License-Identifier: Apache-2.0
/** What the commands share that read a recording. */
import { UserError, usageError } from '../errors.ts';
import type { Pipeline } from '../event/pipeline.ts';
import type { Recording } from '../event/recording.ts';
import { isRegularFile } from '../event/recording-file.ts';
import { message } from '../messages/message.ts';
import type { Messages } from './messages.ts';
import { Shutdown } from './shutdown.ts';

/** The one file that a command was given. Throws a usage error for none, or for more. */
export function recordingPath(command: string, [path, ...more]: readonly string[]): string {
  if (!path) {
    throw usageError(`${command} needs a file: compactstall ${command} FILE, where --output json:FILE has written it.`);
  }
  if (more.length > 0) throw usageError(`${command} takes one file; unexpected '${more[0]}'.`);
  return path;
}

/** Reads a recording to its end. Reports a file that cannot be read further: what was read before counts. @returns whether it was whole */
export async function readWhole(
  pipeline: Pipeline,
  shutdown: Pick<Shutdown, 'reached'>,
  messages: Messages,
): Promise<boolean> {
  try {
    await pipeline.run(shutdown.reached);
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    messages.say(error.said);
    return false;
  }
}

/**
 * The same for what is made of a recording as a whole. A signal ends the reading of a file, which is reported. One of the terminal also ends
 * the agent that writes a pipe: what it writes last is wanted.
 */
export async function readToEnd(
  source: Recording,
  path: string,
  pipeline: Pipeline,
  messages: Messages,
): Promise<boolean> {
  const shutdown = new Shutdown();
  const end = isRegularFile(source.file) ? shutdown : { reached: new Promise<void>(() => {}) };
  const isWhole = await readWhole(pipeline, end, messages);
  if (isWhole && !source.isRead) messages.say(message('recording_not_read', { file: path }));
  return source.isRead;
}
