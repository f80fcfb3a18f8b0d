// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { Pipeline } from '../pipeline.ts';
import { createSinks, openOutputs } from '../sinks/create.ts';
import { Recording } from '../source/recording.ts';
import { VERSION } from '../version.ts';
import { HELP, REPLAY_OPTIONS } from './compactstall-options.ts';
import { Ending } from './ending.ts';
import { type Messages, printed } from './messages.ts';
import { parseOptions } from './options.ts';
import { reportBooks } from './report.ts';

/** `compactstall replay FILE`: from a recording to the outputs. @returns the exit code */
export async function replay(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall', REPLAY_OPTIONS, args);
  if (values.help) return printed(HELP);
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const [path, ...more] = positionals;
  if (!path) throw usageError('replay: which file? compactstall replay FILE, written with --output json:FILE.');
  if (more.length > 0) throw usageError(`replay takes one file, not also '${more[0]}'.`);
  const outputs = await openOutputs(values.output ?? [{ kind: 'table' }]);

  const ending = new Ending();
  const warn = (sentence: string) => messages.say(sentence);
  const source = await Recording.open(path, warn);
  const sinks = await createSinks({
    outputs,
    stack: values.stack ?? 'event',
    resource: values.resource ?? 'victim',
    kernelStack: values['kernel-stack'] ?? false,
    onClosed: (failed) => ending.end(failed),
    warn,
  });
  const pipeline = new Pipeline(source, sinks, {
    onWaiting: (milliseconds) => {
      ending.end(); // at its end by itself: the next signal is the second
      messages.waiting(milliseconds);
    },
  });
  await pipeline.run(ending.reached);
  return reportBooks(messages, source.books(), pipeline.books(), ending.failed);
}
