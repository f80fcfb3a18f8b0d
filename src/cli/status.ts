// SPDX-License-Identifier: Apache-2.0
import { EXIT, systemWords, UserError, usageError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { duration } from '../sinks/text/table.ts';
import { askStatus } from '../status/client.ts';
import { statusText } from '../status/text.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { STATUS_OPTIONS } from './compactstall-options.ts';
import { readSettings } from './file-options.ts';
import { parseOptions } from './options.ts';
import { printed } from './standard-output.ts';

/** Why the agent cannot be reached, by the code of the system's error. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ECONNREFUSED: 'no agent listens there',
  EACCES: 'permission denied',
};

/** `compactstall status`: asks a running agent. @returns the exit code */
export async function status(args: readonly string[]): Promise<number> {
  const { values: given, positionals } = parseOptions('compactstall status', STATUS_OPTIONS, args);
  if (given.help) return printed(helpOf('status'));
  if (given.version) return printed(`compactstall ${VERSION}\n`);
  if (positionals.length > 0)
    throw usageError(`status: unexpected '${positionals[0]}'. See compactstall status --help.`);
  const { values } = await readSettings(STATUS_OPTIONS, given);
  const path = values['status-socket'];
  if (path === undefined) {
    throw usageError('status needs the path that the agent was given: compactstall status --status-socket PATH.');
  }
  const answer = await askStatus(path).catch((error) => {
    const reason = REASONS[error.code] ?? systemWords(error);
    throw new UserError(EXIT.FAILURE, message('agent_not_asked', { path, reason }));
  });
  return printed(given.json ? `${printableJson(JSON.stringify(answer, null, 2))}\n` : statusText(answer, duration));
}
