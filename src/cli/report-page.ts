// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isatty } from 'node:tty';
import { type ExitCode, usageError } from '../errors.ts';
import { booksReport } from '../event/books-report.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { reportHtml } from '../report/html.ts';
import { ReportModel } from '../report/model.ts';
import { orUnwritable } from '../sinks/output-files.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { FILTER_OPTIONS, REPORT_OPTIONS, selectionOf } from './compactstall-options.ts';
import { openEmptied } from './emptied-file.ts';
import type { Messages } from './messages.ts';
import { parseOptions } from './options.ts';
import { readToEnd, recordingPath } from './recording.ts';
import { reportBooks } from './report.ts';
import { print, printed } from './standard-output.ts';

const STDOUT = 1;

/** `compactstall report FILE`: a recording as one HTML file, to look at in a browser. @returns the exit code */
export async function reportPage(args: readonly string[], messages: Messages): Promise<ExitCode> {
  const { values, positionals, texts } = parseOptions('compactstall report', REPORT_OPTIONS, args);
  if (values.help) return printed(helpOf('report'));
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const path = recordingPath('report', positionals);
  const to = values['output-file'];
  if (to === undefined && isatty(STDOUT)) {
    throw usageError(
      `report writes HTML, and standard output is a terminal. Name a file for it: compactstall report ${path} -o report.html`,
    );
  }
  const source = Recording.open('report', path, (warning) => messages.say(warning), selectionOf(values));
  const file = to === undefined ? undefined : openEmptied(to, '--output-file', [source.file]);
  const model = new ReportModel();
  const pipeline = new Pipeline(source, [], { onEvents: (events) => model.add(events) });
  const isWhole = await readToEnd(source, path, pipeline, messages);
  const html = reportHtml(
    model.report({
      version: VERSION,
      recording: path === '-' ? 'standard input' : basename(path),
      filters: FILTER_OPTIONS.flatMap(({ name }) => (texts.get(name) ?? []).map((text) => `--${name} ${text}`)),
      ...(values['trace-url'] !== undefined && { traceUrl: values['trace-url'] }),
      books: booksReport(source.books(), []),
      ...(!isWhole && { isPart: true }),
    }),
  );
  await (file === undefined ? print(html) : orUnwritable(to!, () => writeFileSync(file, html)));
  return reportBooks(messages, source.books(), [], !isWhole);
}
