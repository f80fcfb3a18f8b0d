// SPDX-License-Identifier: Apache-2.0
// --output folded:FILE, read by speedscope's own importer.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { openInSpeedscope } from '../../harness/viewers/speedscope.ts';
import { parseLines, runToEnd } from '../support/agent.ts';
import { event } from '../unit/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

async function folded(recording: string): Promise<string> {
  const file = join(folder, 'stacks.txt');
  rmSync(file, { force: true });
  const { code, stderr } = await runToEnd(['replay', recording, '-o', `folded:${file}`]);
  assert.equal(code, 0, stderr);
  return readFileSync(file, 'utf8');
}

const microseconds = (events: readonly { durationNano: number }[]) =>
  Math.floor(events.reduce((sum, { durationNano }) => sum + durationNano, 0) / 1000);

it('a recording of real stalls: the weights add up to the stalled microseconds, in all and for each service', async () => {
  const recording = new URL('../../examples/recording.jsonl', import.meta.url).pathname;
  const events = parseLines(readFileSync(recording, 'utf8'));
  const profile = await openInSpeedscope('stacks.txt', await folded(recording));
  assert.equal(profile!.getTotalWeight(), microseconds(events));
  const weights = new Map<string, number>();
  profile!.forEachFrame((frame) => weights.set(frame.name, frame.getTotalWeight()));
  const services = new Set(events.map(({ resource, comm }) => String(resource?.['service.name'] ?? comm)));
  for (const service of services) {
    const own = events.filter(({ resource, comm }) => (resource?.['service.name'] ?? comm) === service);
    // What is left of a microsecond is in the next line, whose service may be another.
    assert.ok(Math.abs(weights.get(service)! - microseconds(own)) <= own.length, service);
  }
  assert.equal(weights.get('compact_zone'), microseconds(events.filter(({ stack }) => stack.length > 0)));
});

it('hostile names are frames, and take nothing from the sum', async () => {
  const names = ['a;b', 'c 99999', '# comment', 'd\u0000\u001b[2J', ' ', 'e\n12'];
  const events = names.map((name, i) => event(i, { resource: { 'service.name': name }, durationNano: 5000 }));
  const recording = join(folder, 'recording.jsonl');
  writeFileSync(recording, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const profile = await openInSpeedscope('stacks.txt', await folded(recording));
  assert.equal(profile!.getTotalWeight(), microseconds(events));
});
