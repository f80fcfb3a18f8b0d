// SPDX-License-Identifier: Apache-2.0
// Pages somebody: posts to a web hook when a service waited too long within a minute, once in ten minutes for each. As root:
//
//   node page.js https://hooks.example.com/T000 100    # a web hook, and how many milliseconds are too long
//
// The message has the trace id of the stall: that of the request that waited, where the service publishes its spans.
import { compactions } from 'compactstall';

const MINUTE_MS = 60_000;
const QUIET_MS = 10 * MINUTE_MS;
const [hook, tooLongMs = '100'] = process.argv.slice(2);

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
process.once('SIGTERM', () => controller.abort());

/** By service: its stalls of the last minute, and when somebody was paged for it. */
const services = new Map();

const stalls = compactions({
  signal: controller.signal,
  onWarning: console.error,
  onAttached: () => console.log('attached'),
});
for await (const event of stalls) {
  const name = event.resource?.['service.name'];
  if (name === undefined) continue; // A thread of the kernel: nobody waited.
  const now = Date.now();
  const service = services.get(name) ?? { stalls: [], pagedMs: -QUIET_MS };
  services.set(name, service);
  service.stalls.push({ now, ms: event.durationNano / 1e6 });
  service.stalls = service.stalls.filter((stall) => stall.now > now - MINUTE_MS);
  const waitedMs = service.stalls.reduce((sum, { ms }) => sum + ms, 0);
  if (waitedMs < Number(tooLongMs) || now < service.pagedMs + QUIET_MS) continue;
  service.pagedMs = now;
  const text = `${name} waited ${waitedMs.toFixed(0)} ms for memory compaction within a minute`;
  const body = JSON.stringify({ text, trace: event.traceId, process: event.pid, order: event.order });
  try {
    const { status } = await fetch(hook, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    console.log(`${text}: paged, ${status}`);
  } catch (error) {
    console.error(`cannot page: ${error.cause?.message ?? error.message}`);
  }
}
