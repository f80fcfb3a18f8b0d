// SPDX-License-Identifier: Apache-2.0
import { TRIGGERS } from '../event/event.ts';
import { Pipeline } from '../event/pipeline.ts';
import { NOBODY } from '../host/users.ts';
import { limitationsOf } from '../live/limitations.ts';
import { DEFAULT_RING_BYTES, openLiveSource } from '../live/open.ts';
import { giveUpPrivileges } from '../live/privileges.ts';
import type { Message } from '../messages/message.ts';
import { standardOutput } from '../sinks/create.ts';
import { snoopHeader, snoopRows } from '../sinks/text/snoop-table.ts';
import { rowsOnly, TextSink } from '../sinks/text/text-sink.ts';
import { parseSnoopOptions, SNOOP_HELP } from './compactsnoop-options.ts';
import { restartWithoutDebugSignal } from './debug-signal.ts';
import type { Messages } from './messages.ts';
import { sayNotRecorded } from './not-recorded.ts';
import { reportBooks, reportBooksSoFar } from './report.ts';
import { Request } from './request.ts';
import { Shutdown } from './shutdown.ts';
import { printed } from './standard-output.ts';
import { checkProcess } from './values.ts';

/** `compactsnoop`: the bcc tool's flags and table. @returns the exit code */
export async function snoop(args: readonly string[], messages: Messages): Promise<number> {
  const values = parseSnoopOptions(args);
  if (values.help) return printed(SNOOP_HELP);
  if (values.pid !== undefined) checkProcess(values.pid);
  restartWithoutDebugSignal();

  const warn = (warning: Message) => messages.say(warning);
  const booksWanted = new Request('SIGUSR2');
  const shutdown = new Shutdown();
  const columns = {
    timestamp: values.timestamp ?? false,
    extended: values.extended_fields ?? false,
    kernelStack: values['kernel-stack'] ?? false,
  };
  const source = await openLiveSource({
    ...(values.pid !== undefined && { pid: values.pid }),
    minDurationNs: 0,
    triggers: TRIGGERS,
    context: 'off',
    ...(columns.kernelStack && { stackMinDurationNs: 0 }),
    ringBytes: DEFAULT_RING_BYTES,
    runTimeStats: false,
  });
  for (const limitation of limitationsOf(source.attachment, columns.kernelStack)) warn(limitation);
  if (values.duration !== undefined) shutdown.after(values.duration);

  const target = standardOutput({
    onReaderGone: () => shutdown.end(),
    onFailed: () => shutdown.outputFailed(false),
    warn,
  });
  await giveUpPrivileges(NOBODY, warn);
  const table = new TextSink('table', target, snoopHeader(columns), rowsOnly(snoopRows(columns)));
  const pipeline = new Pipeline(source, [table], {
    onEvents: (events) => sayNotRecorded(events, messages),
    onWaiting: (milliseconds) => messages.waiting(milliseconds),
  });
  booksWanted.answer(() => reportBooksSoFar(messages, source.state().books, pipeline.books()));
  await pipeline.run(shutdown.reached);
  booksWanted.close();
  const exitCode = reportBooks(messages, source.books(), pipeline.books(), shutdown.failed);
  await source.close();
  return exitCode;
}
