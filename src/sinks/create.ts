// SPDX-License-Identifier: Apache-2.0
import { constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { withFile } from '../descriptor.ts';
import { EXIT, systemWords, UserError, usageError } from '../errors.ts';
import type { Sink } from '../event/sink.ts';
import { otlpConfigured } from './otlp/configured.ts';
import type { ResourceOf } from './otlp/resources.ts';
import type { StackPlace } from './otlp/span-writer.ts';
import { jsonLine } from './text/json.ts';
import { tableHeader, tableRows } from './text/table.ts';
import { TextSink, type TextTarget } from './text/text-sink.ts';

const STDOUT = 1;

/** An output of the command line; `json` without a path is standard output. */
export type Output = { kind: 'table' } | { kind: 'json'; path?: string } | { kind: 'otlp' } | { kind: 'none' };

/** An output whose file is open. */
export type OpenOutput = Output & { file?: number };

export interface SinkSettings {
  outputs: readonly OpenOutput[];
  stack: StackPlace;
  resource: ResourceOf;
  kernelStack: boolean;
  /** Called when the reader of standard output is gone, or (`failed`) an output cannot be written any more. */
  onClosed: (failed: boolean) => void;
  warn: (sentence: string) => void;
}

/** Whether the settings include the collector: by name, or by the standard variables. */
export function wantsOtlp(outputs: readonly Output[]): boolean {
  return outputs.some(({ kind }) => kind === 'otlp') || otlpConfigured(process.env);
}

/**
 * Checks the outputs and opens files, before anything is loaded into the kernel. Throws a UserError when outputs exclude
 * each other, a file cannot be written, or the collector's variables are wrong.
 */
export async function openOutputs(outputs: readonly Output[]): Promise<OpenOutput[]> {
  const toStdout = outputs.filter((output) => output.kind === 'table' || (output.kind === 'json' && !output.path));
  if (toStdout.length > 1) {
    throw usageError(
      '--output: only one of table and json can use standard output; send json to a file with json:FILE.',
    );
  }
  if (outputs.length > 1 && outputs.some(({ kind }) => kind === 'none')) {
    throw usageError('--output none excludes every other --output.');
  }
  if (wantsOtlp(outputs)) (await import('./otlp/check.ts')).checkEnvironment(process.env);
  return outputs.map((output) =>
    output.kind === 'json' && output.path ? { ...output, file: openForAppending(output.path) } : output,
  );
}

export async function createSinks(settings: SinkSettings): Promise<Sink[]> {
  const sinks: Sink[] = [];
  for (const output of settings.outputs) {
    if (output.kind === 'table') sinks.push(tableSink(settings));
    if (output.kind === 'json') sinks.push(jsonSink(output, settings));
  }
  if (wantsOtlp(settings.outputs)) {
    // Imported only when needed: it is most of the agent's start-up time and memory.
    const { stack, resource, warn } = settings;
    const { createOtlpSink } = await import('./otlp/sink.ts');
    sinks.push(await createOtlpSink({ stack, resource, warn }));
  }
  return sinks;
}

/** Standard output as a target, also of compactsnoop's table. */
export function standardOutput({ onClosed, warn }: Pick<SinkSettings, 'onClosed' | 'warn'>): TextTarget {
  return { file: nonBlockingStdout(), name: 'standard output', onClosed, warn, owned: false };
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

function tableSink(settings: SinkSettings): Sink {
  const style = { color: isatty(STDOUT) && !process.env.NO_COLOR, kernelStack: settings.kernelStack };
  return new TextSink('table', standardOutput(settings), tableHeader(style), tableRows(style));
}

function jsonSink({ path, file }: { path?: string; file?: number }, settings: SinkSettings): Sink {
  const { onClosed, warn } = settings;
  const target =
    path && file !== undefined ? { file, name: path, onClosed, warn, owned: true } : standardOutput(settings);
  return new TextSink('json', target, '', jsonLine);
}

function openForAppending(path: string): number {
  try {
    // Non-blocking: a pipe without a reader is refused rather than waited for; see nonBlockingStdout().
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644);
    // A full disk or a crash may leave an unfinished line, which would swallow the first event.
    if (endsInTheMiddleOfALine(path)) writeSync(file, '\n');
    return file;
  } catch (error) {
    throw new UserError(EXIT.FAILURE, `cannot write ${path}: ${systemWords(error)}. Choose another file.`);
  }
}

function endsInTheMiddleOfALine(path: string): boolean {
  const status = statSync(path);
  if (!status.isFile() || status.size === 0) return false;
  const last = Buffer.alloc(1);
  withFile(path, (file) => readSync(file, last, 0, 1, status.size - 1));
  return last.toString() !== '\n';
}
