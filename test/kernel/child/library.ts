// SPDX-License-Identifier: Apache-2.0
/**
 * A program that uses the library, as a user's would: node library.ts '{"options":{...}}'. Writes a line of JSON when it is
 * attached, and one at its end, which SIGTERM asks for.
 */

import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { BooksReport, CompactionsOptions, compactions, UserError } from '../../../src/index.ts';
import { rightsOfThreads } from '../../support/rights.ts';

export interface Task {
  options: CompactionsOptions;
  /** The loop takes its time for the first event: until SIGUSR2. */
  slow?: boolean;
  /** The loop is left after so many events. */
  breakAfter?: number;
  /** The function for the attachment throws. */
  failsAttached?: boolean;
  /** The loop is that of a stream, which is destroyed when it is attached, while it waits for an event. */
  destroyed?: boolean;
}

/** The line at the end. */
export interface Outcome {
  events: number;
  services: string[];
  withStack: number;
  warnings: string[];
  books: BooksReport;
}

export interface Failed {
  error: string;
  exitCode: number;
  message: string;
}

const task = JSON.parse(process.argv[2]!) as Task;
const say = (line: object) => console.log(JSON.stringify(line));
const library: { compactions: typeof compactions } = await import(
  new URL('../../../dist/index.js', import.meta.url).href
);
const controller = new AbortController();
process.once('SIGTERM', () => controller.abort());
const released = once(process, 'SIGUSR2');
const outcome = { events: 0, services: [] as string[], withStack: 0, warnings: [] as string[] };
const loop = library.compactions({
  ...task.options,
  signal: controller.signal,
  onWarning: (sentence) => outcome.warnings.push(sentence),
  onAttached: (plan) => {
    if (task.destroyed) setImmediate(() => stream!.destroy());
    if (task.failsAttached) throw new Error('not wanted');
    const [main] = rightsOfThreads(process.pid);
    say({ plan, uid: main!.uids[1], capabilities: String(main!.effective) });
  },
});
const services = new Set<string>();
const stream = task.destroyed ? Readable.from(loop) : undefined;
try {
  if (stream) await once(stream.resume(), 'close');
  else
    for await (const event of loop) {
      if (outcome.events++ === 0 && task.slow) await released;
      const service = event.resource?.['service.name'];
      if (typeof service === 'string') services.add(service);
      if (event.stack.length > 0) outcome.withStack += 1;
      if (outcome.events === task.breakAfter) break;
    }
  say({ ...outcome, services: [...services], books: loop.books() });
} catch (error) {
  const { exitCode, message } = error as UserError;
  say({ error: (error as Error).name, exitCode, message });
}
