// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { EXIT, type ExitCode, FileErrors, UserError } from '../errors.ts';

/** What an error that ends the command is to the user. */
export interface Failure {
  exitCode: ExitCode;
  sentence: string;
  /** More lines. */
  detail: string | undefined;
  /** The lines are shown without --verbose, too. */
  always: boolean;
}

const OWN = fileURLToPath(new URL('..', import.meta.url));
const FRAME = /^\s+at .*$/gm;

/**
 * Tells apart a sentence for the user, a call that the system refused, and a defect of ours, which alone is an "internal error".
 * The message of an error that a library threw is left out: it may quote a setting, such as a header with a token.
 */
export function failureOf(error: unknown, own = OWN): Failure {
  if (error instanceof UserError) {
    return {
      exitCode: error.exitCode,
      sentence: error.message,
      detail: error.detail,
      always: error instanceof FileErrors,
    };
  }
  const exitCode = EXIT.FAILURE;
  if (!(error instanceof Error))
    return { exitCode, sentence: `${INTERNAL} ${typeof error}`, detail: undefined, always: true };
  // Without the message, as that may have lines like frames.
  const frames = error.stack?.replace(error.message, () => '').match(FRAME) ?? [];
  const detail = frames.join('\n');
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    const sentence = `the system refused a call: ${error.message}. --verbose shows where; report it if the cause is not clear.`;
    return { exitCode, sentence, detail, always: false };
  }
  const name = code === undefined ? error.name : `${error.name} ${code}`;
  const sentence = frames[0]?.includes(own) ? `${INTERNAL} ${name}: ${error.message}` : `${INTERNAL} ${name}`;
  return { exitCode, sentence, detail, always: true };
}

const INTERNAL = 'internal error, please report it:';
