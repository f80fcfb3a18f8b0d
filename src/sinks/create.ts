// SPDX-License-Identifier: Apache-2.0
import { constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { usageError } from '../errors.ts';
import type { Sink } from '../event/sink.ts';
import type { Message } from '../messages/message.ts';
import { printable } from '../terminal.ts';
import { otlpConfigured } from './otlp/configured.ts';
import type { ResourceOf } from './otlp/resources.ts';
import type { StackPlace } from './otlp/span-writer.ts';
import type { SpoolFolder } from './otlp/spool-queue.ts';
import { fileOf, type OpenOutput, type Output, usesStandardOutput } from './output.ts';
import { openFiles } from './output-files.ts';
import type { Rotation } from './rotation.ts';
import { foldedLines } from './text/folded.ts';
import { jsonLine } from './text/json.ts';
import { tableHeader, tableRows } from './text/table.ts';
import { rowsOnly, TextSink, type TextTarget } from './text/text-sink.ts';

const STDOUT = 1;

export interface SinkSettings {
  outputs: readonly OpenOutput[];
  /** The variables of each span exporter. */
  environments: readonly NodeJS.ProcessEnv[];
  /** One for each span exporter, or none. */
  spools: readonly SpoolFolder[];
  stack: StackPlace;
  resource: ResourceOf;
  kernelStack: boolean;
  /** Called when the reader of standard output has gone, as `| head` does. */
  onReaderGone: () => void;
  /** Called when an output cannot be written any more, with whether others still work. */
  onFailed: (othersWork: boolean) => void;
  warn: (message: Message) => void;
}

const isSdk = ({ kind }: Output) => kind === 'sdk';

/** Whether the agent itself sends to the collector: by name, or by the standard variables, unless the SDK does. */
export function wantsOtlp(outputs: readonly Output[], env: NodeJS.ProcessEnv): boolean {
  return outputs.some(({ kind }) => kind === 'otlp') || (otlpConfigured(env) && !outputs.some(isSdk));
}

/** The name of a span exporter in the books. */
export const exporterName = (index: number): string => (index === 0 ? 'otlp' : `otlp_${index + 1}`);

/** Whether events become spans. */
export const wantsSpans = (outputs: readonly Output[], env: NodeJS.ProcessEnv): boolean =>
  outputs.some((output) => isSdk(output) || output.kind === 'otlp-json') || wantsOtlp(outputs, env);

/**
 * Checks the outputs and opens files, before anything is loaded into the kernel. Throws a UserError when outputs exclude
 * each other, a file cannot be written, or the collector's variables are wrong.
 *
 * @param environments the variables of each span exporter
 * @param files.reading the descriptor of the recording that is replayed
 * @param files.rotation of files that grow too large
 */
export async function openOutputs(
  outputs: readonly Output[],
  environments: readonly NodeJS.ProcessEnv[],
  { reading, rotation }: { reading?: number; rotation?: Rotation | undefined } = {},
): Promise<OpenOutput[]> {
  if (rotation && outputs.every((output) => fileOf(output) === undefined)) {
    throw usageError('--rotate-size: there is no file to rotate; give one with --output json:FILE.');
  }
  if (outputs.filter(usesStandardOutput).length > 1) {
    throw usageError(
      '--output: only one of table and json can use standard output; send json to a file with json:FILE.',
    );
  }
  if (outputs.length > 1 && outputs.some(({ kind }) => kind === 'none')) {
    throw usageError('--output none excludes every other --output.');
  }
  if (outputs.some(isSdk)) {
    if (outputs.some(({ kind }) => kind === 'otlp')) {
      throw usageError('--output: otlp and sdk would send each span twice; give one of them.');
    }
    if (environments.length > 1) {
      throw usageError('--output sdk sends to one exporter; the configuration file has several. Use --output otlp.');
    }
  }
  for (const env of environments) {
    if (wantsSpans(outputs, env)) (await import('./otlp/check.ts')).checkEnvironment(env);
  }
  return openFiles(outputs, reading, rotation);
}

/** The descriptors of the outputs' files. */
export const filesOf = (outputs: readonly OpenOutput[]): number[] =>
  outputs.flatMap(({ file }) => (file === undefined ? [] : [file.descriptor]));

export async function createSinks(settings: SinkSettings): Promise<Sink[]> {
  const { outputs, stack, resource, kernelStack, onReaderGone, warn } = settings;
  const exporters = settings.environments.filter((env) => wantsOtlp(outputs, env));
  // The collectors are never given up.
  let working = outputs.filter(({ kind }) => kind !== 'otlp' && kind !== 'none').length + exporters.length;
  const onFailed = () => {
    working -= 1;
    settings.onFailed(working > 0);
  };
  const sinks: Sink[] = [];
  for (const output of outputs) {
    const { kind, file } = output;
    if (kind === 'table') sinks.push(tableSink(standardOutput({ onReaderGone, onFailed, warn }), kernelStack));
    if (kind === 'json' && !file) {
      sinks.push(new TextSink(kind, standardOutput({ onReaderGone, onFailed, warn }), '', jsonLine));
    }
    if (file)
      sinks.push(await fileSink(kind, { file, name: printable(file.path), onFailed, warn, owned: true }, settings));
  }
  for (const [i, env] of exporters.entries()) {
    // Imported only when needed: it is most of the agent's start-up time and memory.
    const { createOtlpSink } = await import('./otlp/sink.ts');
    sinks.push(await createOtlpSink({ name: exporterName(i), stack, resource, spool: settings.spools[i], warn, env }));
  }
  if (outputs.some(isSdk)) {
    const { createSdkSink } = await import('./sdk/sink.ts');
    sinks.push(await createSdkSink({ stack, resource, warn, env: settings.environments[0]! }));
  }
  return sinks;
}

async function fileSink(kind: Output['kind'], target: TextTarget, settings: SinkSettings): Promise<Sink> {
  const name = `${kind}:${target.name}`;
  if (kind === 'folded') return new TextSink(name, target, '', rowsOnly(foldedLines()));
  if (kind === 'perfetto') {
    const { perfettoPackets } = await import('./perfetto/trace.ts');
    return new TextSink(name, target, '', { batch: perfettoPackets() });
  }
  if (kind !== 'otlp-json') return new TextSink(name, target, '', jsonLine);
  const { stack, resource, environments, warn } = settings;
  const { otlpJsonLines } = await import('./otlp/json-lines.ts');
  const options = { name: target.name, stack, resource, warn, env: environments[0]! };
  return new TextSink(name, target, '', { batch: await otlpJsonLines(options) });
}

/** Standard output as a target, also of compactsnoop's table. */
export function standardOutput(calls: Pick<TextTarget, 'onReaderGone' | 'onFailed' | 'warn'>): TextTarget {
  return { ...calls, file: { descriptor: nonBlockingStdout() }, name: 'standard output', owned: false };
}

/**
 * Opens standard output a second time, non-blocking. A write must not block when nobody reads the pipe or terminal (a
 * pager, Ctrl-S): Node cannot end, not even by process.exit(), while a thread of its pool hangs in one. The mode of the
 * original descriptor is shared with other writers, such as this process's standard error.
 */
function nonBlockingStdout(): number {
  const status = fstatSync(STDOUT);
  if (!status.isFIFO() && !status.isCharacterDevice()) return STDOUT;
  try {
    return openSync(`/proc/self/fd/${STDOUT}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return STDOUT; // a terminal of another user, after su
  }
}

function tableSink(target: TextTarget, kernelStack: boolean): Sink {
  const style = { color: isatty(STDOUT) && !process.env.NO_COLOR, kernelStack };
  return new TextSink('table', target, tableHeader(style), rowsOnly(tableRows(style)));
}
