// SPDX-License-Identifier: Apache-2.0
// A service with OpenTelemetry's own SDK, which publishes nothing: node child-untold.mjs FILE, configured by OTEL_*. It makes three requests:
// one stalls in its own thread, one in threads of the pool at the same time, and one does not stall. It begins when standard input ends.
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

const file = process.argv[2];
const sdk = new NodeSDK({ metricReaders: [], logRecordProcessors: [] });
sdk.start();
await text(process.stdin);
const tracer = trace.getTracer('untold');
const request = async (name, attributes, work) => {
  await tracer.startActiveSpan(name, { attributes }, async (span) => {
    await work();
    span.end();
  });
  // The next one must not begin in the same millisecond, to which the SDK cuts.
  await sleep(20);
};
// The number of the main thread is that of the process.
await request('GET /own', { 'thread.id': process.pid }, async () => {
  writeFileSync(file, '1');
  await sleep(5);
  writeFileSync(file, '1');
});
await request('GET /pool', {}, () => Promise.all(Array.from({ length: 3 }, () => writeFile(file, '1'))));
await request('GET /idle', {}, () => sleep(10));
await sdk.shutdown();
