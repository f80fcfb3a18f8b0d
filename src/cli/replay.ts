// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../errors.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { createSinks, openOutputs } from '../sinks/create.ts';
import { VERSION } from '../version.ts';
import { HELP, REPLAY_OPTIONS } from './compactstall-options.ts';
import { type Messages, printed } from './messages.ts';
import { parseOptions } from './options.ts';
import { reportBooks } from './report.ts';
import { Shutdown } from './shutdown.ts';

/** `compactstall replay FILE`: from a recording to the outputs. @returns the exit code */
export async function replay(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall', REPLAY_OPTIONS, args);
  if (values.help) return printed(HELP);
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const [path, ...more] = positionals;
  if (!path)
    throw usageError('replay needs a file: compactstall replay FILE, where --output json:FILE has written it.');
  if (more.length > 0) throw usageError(`replay takes one file; unexpected '${more[0]}'.`);
  const outputs = await openOutputs(values.output ?? [{ kind: 'table' }]);

  const shutdown = new Shutdown();
  const warn = (sentence: string) => messages.say(sentence);
  const source = await Recording.open(path, warn);
  const sinks = await createSinks({
    outputs,
    stack: values.stack ?? 'event',
    resource: values.resource ?? 'service',
    kernelStack: values['kernel-stack'] ?? false,
    onClosed: (failed) => shutdown.end(failed),
    warn,
  });
  const pipeline = new Pipeline(source, sinks, {
    onWaiting: (milliseconds) => {
      shutdown.end(); // the recording has ended: the next signal counts as the second
      messages.waiting(milliseconds);
    },
  });
  await pipeline.run(shutdown.reached);
  return reportBooks(messages, source.books(), pipeline.books(), shutdown.failed);
}
