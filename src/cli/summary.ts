// SPDX-License-Identifier: Apache-2.0
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { Summary } from '../event/summary.ts';
import { summaryTable } from '../sinks/text/summary-table.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { SUMMARY_OPTIONS, selectionOf } from './compactstall-options.ts';
import type { Messages } from './messages.ts';
import { parseOptions } from './options.ts';
import { readToEnd, recordingPath } from './recording.ts';
import { reportBooks } from './report.ts';
import { printed } from './standard-output.ts';

/** `compactstall summary FILE`: who waited for how long, from a recording. @returns the exit code */
export async function summary(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall summary', SUMMARY_OPTIONS, args);
  if (values.help) return printed(helpOf('summary'));
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const path = recordingPath('summary', positionals);
  const source = Recording.open('summary', path, (warning) => messages.say(warning), selectionOf(values));
  const result = new Summary();
  const pipeline = new Pipeline(source, [], { onEvents: (events) => result.add(events) });
  const isWhole = await readToEnd(source, path, pipeline, messages);
  const report = result.report();
  await printed(`${values.json ? printableJson(JSON.stringify(report, null, 2)) : summaryTable(report)}\n`);
  return reportBooks(messages, source.books(), [], !isWhole);
}
