// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { TRIGGERS } from '../../../src/event/event.ts';
import { commandsIn } from '../../support/documents.ts';
import { readText } from './messages.ts';

const READING = readText('docs/reading-a-stall.md');

/** The text from a heading to the next one. */
function section(heading: string): string {
  const [, text] = new RegExp(`^## ${heading}$([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(READING) ?? [];
  assert.ok(text, heading);
  return text;
}

describe('docs/reading-a-stall.md', () => {
  it('explains each trigger at a glance and in a section', () => {
    for (const trigger of TRIGGERS) {
      for (const heading of ['At a glance', 'By trigger']) {
        assert.ok(section(heading).includes(`| \`${trigger}\` |`), `${heading}: ${trigger}`);
      }
    }
  });

  it('explains each status of an end', () => {
    for (const status of ['success', 'complete', 'partial_skipped', 'contended']) {
      assert.ok(section('By status').includes(`| \`${status}\` |`), status);
    }
  });

  it('explains each priority', () => {
    for (const priority of ['async', 'sync_light', 'sync_full']) {
      assert.ok(section('By mode and priority').includes(`| \`${priority}\` |`), priority);
    }
  });

  it('has commands that look and change nothing', () => {
    const thp = existsSync('/sys/kernel/mm/transparent_hugepage');
    for (const command of commandsIn(READING)) {
      const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
      assert.equal(status, command.includes('transparent_hugepage') && !thp ? 1 : 0, `${command}: ${stderr}`);
    }
  });
});
