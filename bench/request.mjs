// SPDX-License-Identifier: Apache-2.0
// A Node.js application that reads a number from each line of its input, and stalls so often, each time in a new span, by a
// write to the file in its argument. Then it prints `done`.
import 'compactstall/register';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

new NodeSDK({ traceExporter: { export: (_, done) => done({ code: 0 }), shutdown: async () => {} } }).start();
const tracer = trace.getTracer('requests');

for await (const line of createInterface({ input: process.stdin })) {
  for (let i = 0; i < Number(line); i++) {
    tracer.startActiveSpan('request', (span) => {
      writeFileSync(process.argv[2], '1');
      span.end();
    });
  }
  console.log('done');
}
process.exit();
