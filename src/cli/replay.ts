// SPDX-License-Identifier: Apache-2.0
import { isatty } from 'node:tty';
import { booksReport } from '../event/books-report.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { Summary } from '../event/summary.ts';
import { type Message, message } from '../messages/message.ts';
import { createSinks, filesOf, openOutputs } from '../sinks/create.ts';
import { usesStandardOutput } from '../sinks/output.ts';
import { checkRotations } from '../sinks/output-files.ts';
import { openSpools } from '../sinks/spools.ts';
import { VERSION } from '../version.ts';
import { BooksFile } from './books-file.ts';
import { helpOf } from './commands.ts';
import { REPLAY_OPTIONS, rotationOf, selectionOf, spoolOf } from './compactstall-options.ts';
import { readSettings } from './file-options.ts';
import { logSettings } from './log-options.ts';
import { openLogs } from './logs.ts';
import type { Messages } from './messages.ts';
import { spanCounts } from './metrics.ts';
import { hasTable, sayNotRecorded } from './not-recorded.ts';
import { parseOptions } from './options.ts';
import { readWhole, recordingPath } from './recording.ts';
import { reportBooks, reportBooksSoFar, showSummary } from './report.ts';
import { Request } from './request.ts';
import { Shutdown } from './shutdown.ts';
import { printed } from './standard-output.ts';

const STDOUT = 1;
const PROGRESS_MS = 200;

/** `compactstall replay FILE`: from a recording to the outputs. @returns the exit code */
export async function replay(args: readonly string[], messages: Messages): Promise<number> {
  const { values: given, positionals } = parseOptions('compactstall replay', REPLAY_OPTIONS, args);
  if (given.help) return printed(helpOf('replay'));
  if (given.version) return printed(`compactstall ${VERSION}\n`);
  const path = recordingPath('replay', positionals);
  const warn = (warning: Message) => messages.say(warning);
  const { values, environments } = await readSettings(REPLAY_OPTIONS, given);
  messages.configure(logSettings(values));
  await openLogs(messages, environments[0]!);
  const source = Recording.open('replay', path, warn, selectionOf(values));
  const files = { reading: source.file, rotation: rotationOf(values) };
  const outputs = await openOutputs(values.output, environments, files);
  checkRotations(outputs);
  const spools = await openSpools(spoolOf(values), outputs, environments);
  const booksFile =
    values.books === undefined ? undefined : new BooksFile(values.books, [source.file, ...filesOf(outputs)]);

  const booksWanted = new Request('SIGUSR2');
  const shutdown = new Shutdown();
  const sinks = await createSinks({
    outputs,
    environments,
    spools,
    stack: values.stack,
    resource: values.resource,
    kernelStack: values['kernel-stack'] ?? false,
    onReaderGone: () => shutdown.end(),
    onFailed: (othersWork) => shutdown.outputFailed(othersWork),
    warn,
  });
  for (const sink of sinks) await sink.start?.();
  const summary = values.summary ? new Summary() : undefined;
  const pipeline = new Pipeline(source, sinks, {
    onEvents: (events) => {
      summary?.add(events);
      if (hasTable(outputs)) sayNotRecorded(events, messages);
    },
    onDelivering: (queued, stalledMs) => {
      messages.say(message('recording_read', { queued, seconds: stalledMs / 1000 }));
      showProgress();
    },
    onWaiting: (milliseconds) => {
      shutdown.end(); // the recording has ended: the next signal counts as the second
      messages.waiting(milliseconds);
    },
  });
  let progress: NodeJS.Timeout | undefined;
  const showProgress = () => {
    progress ??= setInterval(() => {
      const otlp = spanCounts(pipeline.books());
      if (otlp) messages.progress(`${otlp.exported} spans delivered, ${otlp.queued} queued`);
    }, PROGRESS_MS);
  };
  // Rows on the same terminal show it as well.
  if (!outputs.some(usesStandardOutput) || !isatty(STDOUT)) showProgress();
  booksWanted.answer(() => reportBooksSoFar(messages, source.books(), pipeline.books()));
  const isWhole = await readWhole(pipeline, shutdown, messages).finally(() => {
    clearInterval(progress);
    messages.progress();
  });
  booksWanted.close();
  if (summary) showSummary(messages, summary.report());
  const exitCode = reportBooks(messages, source.books(), pipeline.books(), !isWhole || shutdown.failed);
  return booksFile?.write(booksReport(source.books(), pipeline.books()), exitCode, messages) ?? exitCode;
}
