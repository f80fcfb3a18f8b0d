// SPDX-License-Identifier: Apache-2.0
import { UserError, usageError } from '../errors.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { Summary } from '../event/summary.ts';
import { summaryTable } from '../sinks/text/summary-table.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { HELP, SUMMARY_OPTIONS, selectionOf } from './compactstall-options.ts';
import { type Messages, printed } from './messages.ts';
import { parseOptions } from './options.ts';
import { reportBooks } from './report.ts';
import { Shutdown } from './shutdown.ts';

/** `compactstall summary FILE`: who waited for how long, from a recording. @returns the exit code */
export async function summary(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall', SUMMARY_OPTIONS, args);
  if (values.help) return printed(HELP);
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const [path, ...more] = positionals;
  if (!path)
    throw usageError('summary needs a file: compactstall summary FILE, where --output json:FILE has written it.');
  if (more.length > 0) throw usageError(`summary takes one file; unexpected '${more[0]}'.`);
  const source = Recording.open(path, (sentence) => messages.say(sentence), selectionOf(values));
  const result = new Summary();
  const shutdown = new Shutdown();
  const pipeline = new Pipeline(source, [], { onEvents: (events) => result.add(events) });
  let failed = false;
  try {
    await pipeline.run(shutdown.reached);
  } catch (error) {
    // What was read before counts all the same.
    if (!(error instanceof UserError)) throw error;
    messages.say(error.message);
    failed = true;
  }
  const report = result.report();
  printed(`${values.json ? printableJson(JSON.stringify(report, null, 2)) : summaryTable(report)}\n`);
  return reportBooks(messages, source.books(), [], failed);
}
