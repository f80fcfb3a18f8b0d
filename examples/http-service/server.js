// SPDX-License-Identifier: Apache-2.0
// An HTTP service with OpenTelemetry's ordinary SDK: GET /reports/NAME renders a report and keeps it.
//
//   OTEL_SERVICE_NAME=reports node --import compactstall/register server.js 8080
//
// With that --import, its stalls are in the traces of its requests. The code below needs no change for it.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';
import { SpanKind, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

const REPORT_BYTES = 8 << 20;
const KEPT = 28;

// OTEL_SERVICE_NAME is its name; OTEL_EXPORTER_OTLP_ENDPOINT is where its spans go.
const sdk = new NodeSDK();
sdk.start();
const tracer = trace.getTracer('reports');

/** The latest reports; the first is the oldest. */
const reports = new Map();

const server = createServer((request, response) => {
  const options = { kind: SpanKind.SERVER, attributes: { 'http.route': '/reports/{name}', 'url.path': request.url } };
  tracer.startActiveSpan('GET /reports/{name}', options, async (span) => {
    const data = await inSpan('load', () => readFile(import.meta.filename));
    const { report, etag } = await inSpan('render', () => render(data));
    reports.set(request.url, report);
    if (reports.size > KEPT) reports.delete(reports.keys().next().value);
    response.setHeader('etag', etag).end(report.subarray(0, data.length));
    span.end();
  });
});

/** Takes memory by the megabyte, as rendering does. Where it wants huge pages and there are none, it stalls here. */
function render(data) {
  // Only the example sets this, to stall this thread where memory is not fragmented.
  if (process.env.COMPACT_FILE) writeFileSync(process.env.COMPACT_FILE, '1');
  const report = Buffer.alloc(REPORT_BYTES, data);
  return { report, etag: `"${crc32(report)}"` };
}

async function inSpan(name, work) {
  return tracer.startActiveSpan(name, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1');

process.once('SIGTERM', async () => {
  // Not process.exit(), which may hang when threads of V8 wait for the main thread (nodejs/node#54918).
  server.close();
  await sdk.shutdown(); // Sends what it has.
});
