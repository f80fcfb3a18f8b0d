// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { SinkBooks } from '../../../../src/event/sink.ts';
import type { OtlpSinkOptions } from '../../../../src/sinks/otlp/sink.ts';
import { createOtlpSink } from '../../../../src/sinks/otlp/sink.ts';

/** A generous deadline, which only a hang reaches. */
export const LONG = 60_000;

/** A sink to a port of this host, which retries quickly. Its sentences are kept. */
export async function sinkTo(port: number, env: NodeJS.ProcessEnv = {}, options: Partial<OtlpSinkOptions> = {}) {
  const said: string[] = [];
  const sink = await createOtlpSink({
    stack: 'event',
    warn: ({ text }) => said.push(text),
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '10', ...env },
    backoff: { firstMs: 50, maxMs: 200 },
    ...options,
  });
  return { sink, said };
}

export function assertBalanced(books: SinkBooks): void {
  const { accepted, exported, queued, dropped, spooled = 0, recovered = 0, reports = 0 } = books;
  const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
  assert.equal(accepted + recovered + reports, exported + queued + spooled + lost);
}
