// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { TRIGGERS } from '../event.ts';
import { Pipeline } from '../pipeline.ts';
import { restartWithoutDebugSignal } from '../privileges/debug-signal.ts';
import { NOBODY } from '../privileges/user.ts';
import { standardOutput } from '../sinks/create.ts';
import { snoopHeader, snoopRows } from '../sinks/snoop-table.ts';
import { TextSink } from '../sinks/text.ts';
import { SNOOP_HELP, SNOOP_OPTIONS } from './compactsnoop-options.ts';
import { Ending } from './ending.ts';
import { type Messages, printed } from './messages.ts';
import { DEFAULT_RING_BYTES, giveUpPrivileges, openLiveSource, sayWhatIsHidden } from './open-live.ts';
import { parseOptions } from './options.ts';
import { reportBooks } from './report.ts';
import { checkProcess } from './values.ts';

/** `compactsnoop`: the bcc tool's flags and table. @returns the exit code */
export async function snoop(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactsnoop', SNOOP_OPTIONS, args);
  if (values.help) return printed(SNOOP_HELP);
  if (positionals.length > 0) throw usageError(`unexpected '${positionals[0]}'. See compactsnoop --help.`);
  if (values.pid !== undefined) checkProcess(values.pid);
  restartWithoutDebugSignal();

  const ending = new Ending();
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
  sayWhatIsHidden(source, columns.kernelStack, messages);
  if (values.duration !== undefined) ending.after(values.duration);

  const target = standardOutput({
    onClosed: (failed) => ending.end(failed),
    warn: (sentence) => messages.say(sentence),
  });
  await giveUpPrivileges(NOBODY, messages);
  const table = new TextSink('table', target, snoopHeader(columns), snoopRows(columns));
  const pipeline = new Pipeline(source, [table], { onWaiting: (milliseconds) => messages.waiting(milliseconds) });
  await pipeline.run(ending.reached);
  const exitCode = reportBooks(messages, source.books(), pipeline.books(), ending.failed);
  await source.close();
  return exitCode;
}
