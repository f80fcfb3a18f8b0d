// SPDX-License-Identifier: Apache-2.0
// --output folded:FILE, drawn by inferno. It says nothing of a file only where it takes each line, and each number whole.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Box, drawWithInferno, ensureInferno } from '../../harness/viewers/inferno.ts';
import { parseLines, runToEnd } from '../support/agent.ts';
import { event } from '../unit/fixtures.ts';

const { inferno, lacks } = ensureInferno();
const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

const RECORDING = new URL('../../examples/recording.jsonl', import.meta.url).pathname;

/** What inferno draws of a recording's stacks, and what their lines add up to. */
async function drawn(recording: string): Promise<{ boxes: string[]; expected: string[] }> {
  const file = join(folder, 'stacks.txt');
  rmSync(file, { force: true });
  const { code, stderr } = await runToEnd(['replay', recording, '-o', `folded:${file}`]);
  assert.equal(code, 0, stderr);
  return { boxes: sorted(drawWithInferno(inferno!, file)), expected: sorted(added(readFileSync(file, 'utf8'))) };
}

/** A box for each beginning that lines have in common. */
function added(lines: string): Box[] {
  const boxes = new Map<string, Box>();
  for (const line of lines.trimEnd().split('\n')) {
    const [, stack, weight] = /^(.*) (\d+)$/.exec(line)!;
    const frames = ['all', ...stack!.split(';')];
    frames.forEach((name, depth) => {
      const box = boxes.get(frames.slice(0, depth + 1).join(';')) ?? { name, weight: 0 };
      boxes.set(frames.slice(0, depth + 1).join(';'), { name, weight: box.weight + Number(weight) });
    });
  }
  return [...boxes.values()];
}

const sorted = (boxes: readonly Box[]) => boxes.map(({ name, weight }) => `${name} ${weight}`).sort();
const microseconds = (events: readonly { durationNano: number }[]) =>
  Math.floor(events.reduce((sum, { durationNano }) => sum + durationNano, 0) / 1000);

describe('inferno', { skip: lacks ?? false }, () => {
  it('draws each frame of a recording, as wide as its microseconds', async () => {
    const { boxes, expected } = await drawn(RECORDING);
    assert.deepEqual(boxes, expected);
    assert.ok(boxes.includes(`all ${microseconds(parseLines(readFileSync(RECORDING, 'utf8')))}`));
  });

  it('draws hostile names as frames, with nothing missing', async () => {
    const names = ['a;b', 'c 99999', '# comment', 'd\u0000\u001b[2J', ' ', 'e\n12', '<title>f</title>', ''];
    const events = names.map((name, i) =>
      event(i, { resource: { 'service.name': name }, comm: name, durationNano: 5000 }),
    );
    const recording = join(folder, 'recording.jsonl');
    writeFileSync(recording, events.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const { boxes, expected } = await drawn(recording);
    assert.deepEqual(boxes, expected);
    assert.ok(boxes.includes(`all ${microseconds(events)}`));
  });
});
