// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';

/**
 * Waits until standard output has taken a text, which a pipe takes in parts.
 *
 * @returns whether somebody reads, and not only the begin, as `| head` does
 * @throws UserError where it cannot be written
 */
export function print(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', failed);
    process.stdout.write(text, (error) => {
      if (error) return failed(error);
      process.stdout.off('error', failed);
      resolve(true);
    });
    function failed(error: NodeJS.ErrnoException) {
      if (error.code === 'EPIPE') resolve(false);
      else {
        const fields = { file: 'standard output', reason: systemWords(error) };
        reject(new UserError(EXIT.FAILURE, message('file_unwritable', fields)));
      }
    }
  });
}

/** Prints help, or what a command has found. @returns the exit code */
export async function printed(text: string): Promise<ExitCode> {
  await print(text);
  return EXIT.OK;
}
