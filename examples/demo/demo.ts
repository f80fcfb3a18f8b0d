// SPDX-License-Identifier: Apache-2.0
/**
 * Live direct compaction on a host that has none: `npm run demo`. In a small emulated machine with fragmented memory, the page
 * faults of a program want huge pages. Its stalls arrive here as a table, and as spans in a receiver outside the machine. No
 * setting of this host changes.
 *
 *   npm run demo                                                      starts a receiver
 *   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 npm run demo    sends to yours, for example to Jaeger
 */
import { PROJECT } from '../../harness/machine/contents.ts';
import { missingForMachines } from '../../harness/machine/ensure.ts';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { projectImage } from '../../harness/machine/image.ts';
import { kernelsOf } from '../../harness/machine/kernels.ts';
import { runMachine } from '../../harness/machine/machine.ts';
import { startReceiver } from '../../harness/receivers/test-agent.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { tableHeader, tableRows } from '../../src/sinks/text/table.ts';
import { describeSpan, describeStalls } from './describe.ts';

/** The demo ends after so many direct compactions. */
const STALLS = 7;
const LIMIT_MS = 300_000;
const MEMORY_MB = 1024;
const ARRIVAL_MS = 10_000;
const say = (text: string) => console.error(`demo: ${text}`);

type Line = { type: 'attached' } | { type: 'said'; text: string } | ({ type?: undefined } & CompactionEvent);

/** The emulator's address of the host, seen from inside. */
const fromInside = (endpoint: string) =>
  endpoint.replace(/\/\/(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/, '//10.0.2.2');

async function main(): Promise<void> {
  if (process.argv.length > 2) throw new Error('usage: [OTEL_EXPORTER_OTLP_ENDPOINT=URL] npm run demo');
  const missing = missingForMachines();
  if (missing) throw new Error(missing);
  const stalls: CompactionEvent[] = [];
  // The machine and the receiver end with this process.
  process.once('SIGINT', () => {
    for (const text of ['ended by Ctrl-C', ...describeStalls(stalls)]) say(text);
    process.exit(130);
  });
  const kernel = kernelsOf('x64').at(-1)!;
  const folder = fetchKernel(kernel);
  const theirs = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const receiver = theirs ? undefined : await startReceiver();
  const endpoint = theirs ?? receiver!.endpoint;

  say(
    `Linux ${kernel.name} in an emulated machine of ${MEMORY_MB} MB, until it stalled ${STALLS} times; Ctrl-C ends it`,
  );
  say(`its spans go to ${endpoint}, out here`);
  const style = { color: process.stdout.isTTY && !process.env.NO_COLOR, kernelStack: false };
  const row = tableRows(style);
  const machine = runMachine({
    name: 'demo',
    kernel: folder,
    image: projectImage('x64', folder),
    memoryMb: MEMORY_MB,
    network: [],
    command: `OTEL_EXPORTER_OTLP_ENDPOINT='${fromInside(endpoint)}' exec ${PROJECT}/examples/demo/machine.sh ${STALLS}`,
    limitMs: LIMIT_MS,
    say,
  });
  for (;;) {
    const next = await machine.next();
    if (next.done) {
      if (next.value !== 0) throw new Error(`the machine's script ended with ${next.value}`);
      break;
    }
    const line = JSON.parse(next.value) as Line;
    if (line.type === 'attached') {
      say('booted and attached; a program in there now asks for huge pages of fragmented memory');
      process.stdout.write(tableHeader(style));
    } else if (line.type === 'said') {
      console.error(`  ${line.text}`);
    } else {
      stalls.push(line);
      process.stdout.write(row(line));
    }
  }

  for (const text of describeStalls(stalls)) say(text);
  if (receiver) {
    const spans = await receiver.waitForSpans(stalls.length, ARRIVAL_MS).catch(() => receiver.spans());
    say(`the receiver has ${spans.length} spans`);
    const longest = describeSpan(spans);
    if (longest) console.log(`\n${longest}`);
    await receiver.stop();
  } else {
    say(`look for the service 'demo' at ${theirs}`);
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  say((error as Error).message);
  process.exit(1);
}
