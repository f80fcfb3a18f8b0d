// SPDX-License-Identifier: Apache-2.0
import { machine } from 'node:os';
import { isatty } from 'node:tty';
import { processTopic, topics } from '../doctor/checks.ts';
import { canRun, examine, startCode } from '../doctor/examine.ts';
import { kernelRelease } from '../doctor/kernel.ts';
import { reportText } from '../doctor/report.ts';
import { usageError } from '../errors.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { DOCTOR_OPTIONS, HELP } from './compactstall-options.ts';
import { printed } from './messages.ts';
import { parseOptions } from './options.ts';
import { checkProcess } from './values.ts';

const STDOUT = 1;

/** `compactstall doctor`: can this host run it, and if not, what to do. @returns the exit code */
export async function doctor(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions('compactstall', DOCTOR_OPTIONS, args);
  if (values.help) return printed(HELP);
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  if (positionals.length > 0) throw usageError(`doctor: unexpected '${positionals[0]}'. See compactstall --help.`);

  const { pid, procfs = '/proc' } = values;
  if (pid !== undefined) checkProcess(pid, procfs);
  const checks = await examine([...topics(procfs), ...(pid === undefined ? [] : [processTopic(pid, procfs)])]);
  const host = { version: VERSION, kernel: kernelRelease(), machine: machine() };
  if (values.json) {
    printed(`${printableJson(JSON.stringify({ ...host, canRun: canRun(checks), checks }, null, 2))}\n`);
  } else {
    const terminal = isatty(STDOUT);
    const style = { color: terminal && !process.env.NO_COLOR, ...(terminal && { columns: process.stdout.columns }) };
    printed(reportText(host, checks, style));
  }
  return startCode(checks);
}
