// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { COMPACT_NODE0, compact } from '../harness/host.ts';
import type { CompactionEvent } from '../src/event/event.ts';
import { readEvents, startAgent } from './agent.ts';

const WRITES = 7;

/** Real events of this host, with stacks. */
export async function recordEvents(path: string): Promise<CompactionEvent[]> {
  const agent = await startAgent(['--output', `json:${path}`, '--pid', String(process.pid)]);
  compact(COMPACT_NODE0, WRITES);
  await agent.stop();
  return readEvents(path);
}

/** Writes a recording of `count` events: the given ones, repeated with new ids. */
export function writeRecording(path: string, events: readonly CompactionEvent[], count: number): void {
  const file = openSync(path, 'wx');
  for (let i = 0; i < count; i++) {
    const event = events[i % events.length]!;
    const ids = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
    writeSync(file, `${JSON.stringify({ ...event, ...ids })}\n`);
  }
  closeSync(file);
}
