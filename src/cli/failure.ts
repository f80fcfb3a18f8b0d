// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode, FileErrors, UserError } from '../errors.ts';
import { installed } from '../installation.ts';
import { type Message, message } from '../messages/message.ts';

/** What an error that ends the command is to the user. */
export interface Failure {
  exitCode: ExitCode;
  said: Message;
  /** More lines. */
  detail: string | undefined;
  /** The lines are shown without --verbose, too. */
  always: boolean;
}

const OWN = installed('');
/** The folders of libraries in the package: in a clone, and in dist/. */
const LIBRARIES = /^(?:node_modules|dist\/libraries)\//;
const FRAME = /^\s+at .*$/gm;

/**
 * Tells apart a sentence for the user, a call that the system refused, and a defect of ours, which alone is an "internal error".
 * The message of an error that a library threw is left out: it may quote a setting, such as a header with a token.
 */
export function failureOf(error: unknown, own = OWN): Failure {
  if (error instanceof UserError) {
    return {
      exitCode: error.exitCode,
      said: error.said,
      detail: error.detail,
      always: error instanceof FileErrors,
    };
  }
  const exitCode = EXIT.FAILURE;
  if (!(error instanceof Error)) {
    return { exitCode, said: message('internal_error', { error: typeof error }), detail: undefined, always: true };
  }
  // Without the message, as that may have lines like frames.
  const frames = error.stack?.replace(error.message, () => '').match(FRAME) ?? [];
  const detail = frames.join('\n');
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    return { exitCode, said: message('call_refused', { error: error.message }), detail, always: false };
  }
  const name = code === undefined ? error.name : `${error.name} ${code}`;
  const [, inPackage] = frames[0]?.split(own) ?? [];
  const isOwn = inPackage !== undefined && !LIBRARIES.test(inPackage);
  const words = isOwn ? `${name}: ${error.message}` : name;
  return { exitCode, said: message('internal_error', { error: words }), detail, always: true };
}
