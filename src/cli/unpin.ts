// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { EXIT, usageError } from '../errors.ts';
import { openPins } from '../live/open.ts';
import { message } from '../messages/message.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { UNPIN_OPTIONS } from './compactstall-options.ts';
import type { Messages } from './messages.ts';
import { parseOptions } from './options.ts';
import { printed } from './standard-output.ts';

/** `compactstall unpin DIR`: removes what `run --pin DIR` has left attached. @returns the exit code */
export async function unpin(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall unpin', UNPIN_OPTIONS, args);
  if (values.help) return printed(helpOf('unpin'));
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const [folder] = positionals;
  if (folder === undefined || folder === '' || positionals.length > 1) {
    throw usageError('unpin needs the folder that the agent was given: compactstall unpin DIR.');
  }
  const pins = await openPins(folder);
  pins?.remove();
  messages.say(message(pins ? 'unpinned' : 'nothing_pinned', { folder: resolve(folder) }));
  return EXIT.OK;
}
