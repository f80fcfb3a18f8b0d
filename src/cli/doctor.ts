// SPDX-License-Identifier: Apache-2.0
import { machine } from 'node:os';
import { isatty } from 'node:tty';
import { type Finding, fail, ok } from '../doctor/check.ts';
import { processTopic, topics } from '../doctor/checks.ts';
import { canRun, examine, startCode } from '../doctor/examine.ts';
import { kernelRelease } from '../doctor/kernel.ts';
import { reportText } from '../doctor/report.ts';
import { FileErrors, UserError, usageError } from '../errors.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { DOCTOR_OPTIONS, spoolOf } from './compactstall-options.ts';
import { readSettings } from './file-options.ts';
import { parseOptions, type Values, withDefaults } from './options.ts';
import { printed } from './standard-output.ts';
import { checkProcess } from './values.ts';

const STDOUT = 1;

type Settings = Awaited<ReturnType<typeof readSettings<typeof DOCTOR_OPTIONS>>>;

/** Reads the configuration file. With one that cannot be used, the other checks are made as if there were none. */
async function configuration(given: Values<typeof DOCTOR_OPTIONS>): Promise<{ settings: Settings; finding: Finding }> {
  try {
    const settings = await readSettings(DOCTOR_OPTIONS, given);
    return { settings, finding: fileFinding(settings.configuration) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const settings = { values: withDefaults(DOCTOR_OPTIONS, given), environments: [process.env], inFile: new Map() };
    const why = error instanceof FileErrors ? error.sentences.join(' ') : error.message;
    return { settings, finding: fail(why, 'Correct the file.', error.exitCode) };
  }
}

function fileFinding(configuration: Settings['configuration']): Finding {
  if (configuration === undefined) return ok('there is none: --config or OTEL_CONFIG_FILE names one.');
  const { file, unused } = configuration;
  const parts = unused.map(({ key, place }) => `${key} (line ${place.line})`).join(', ');
  const without = parts === '' ? '' : ` Without meaning here: ${parts}.`;
  return ok(`${file} can be used; compactstall config shows what is in force.${without}`);
}

/** `compactstall doctor`: can this host run it, and if not, what to do. @returns the exit code */
export async function doctor(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions('compactstall doctor', DOCTOR_OPTIONS, args);
  if (values.help) return printed(helpOf('doctor'));
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  if (positionals.length > 0)
    throw usageError(`doctor: unexpected '${positionals[0]}'. See compactstall doctor --help.`);

  const { settings, finding } = await configuration(values);
  const { pid, procfs = '/proc' } = settings.values;
  if (pid !== undefined) checkProcess(pid, procfs);
  const common = topics({
    procfs,
    environments: settings.environments,
    configuration: () => finding,
    spool: spoolOf(settings.values, settings.values.user),
  });
  const checks = await examine([...common, ...(pid === undefined ? [] : [processTopic(pid, procfs)])]);
  const host = { version: VERSION, kernel: kernelRelease(), machine: machine() };
  if (values.json) {
    await printed(`${printableJson(JSON.stringify({ ...host, canRun: canRun(checks), checks }, null, 2))}\n`);
  } else {
    const terminal = isatty(STDOUT);
    const style = { color: terminal && !process.env.NO_COLOR, ...(terminal && { columns: process.stdout.columns }) };
    await printed(reportText(host, checks, style));
  }
  return startCode(checks);
}
