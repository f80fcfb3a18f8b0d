// SPDX-License-Identifier: Apache-2.0
// A Node.js service with an ordinary NodeSDK and compactstall/register. For each line of its input it handles so many
// requests at once, each of which stalls once within its span; then it prints the spans in the order of their stalls, as JSON.
import 'compactstall/register';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

const file = process.argv[2];
const traceExporter = {
  export: (_spans, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
};
new NodeSDK({ traceExporter }).start();
const tracer = trace.getTracer('requests');

async function request(number, stalled) {
  await tracer.startActiveSpan(`request ${number}`, async (span) => {
    await sleep(Math.random() * 20);
    await Promise.resolve();
    writeFileSync(file, '1');
    stalled.push(span.spanContext());
    await sleep(1);
    span.end();
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const stalled = [];
  await Promise.all(Array.from({ length: Number(line) }, (_, number) => request(number, stalled)));
  writeFileSync(file, '1'); // In no span.
  console.log(JSON.stringify(stalled.map(({ traceId, spanId }) => ({ traceId, spanId }))));
}
