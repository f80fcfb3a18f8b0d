// SPDX-License-Identifier: Apache-2.0
// Makes OpenTelemetry spans around stalls, like any Node.js application. For each line of its input it writes to the file that
// the line names, within a span. It prints JSON: the span's times, and the monotonic clock before and after each of its steps.
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TracerProvider } from '@opentelemetry/sdk-trace';

const tracer = new TracerProvider().getTracer('spans');
const nanoseconds = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));

for await (const file of createInterface({ input: process.stdin })) {
  const monotonic = [process.hrtime.bigint()];
  const span = tracer.startSpan('stall');
  monotonic.push(process.hrtime.bigint());
  writeFileSync(file, '1');
  monotonic.push(process.hrtime.bigint());
  span.end();
  monotonic.push(process.hrtime.bigint());
  const [start, end] = [nanoseconds(span.startTime), nanoseconds(span.endTime)];
  console.log(JSON.stringify({ start, end, monotonic: monotonic.map(String) }));
}
