// SPDX-License-Identifier: Apache-2.0
/** The names of the agent's programs and maps in the kernel, as bpftool lists them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { descriptorsOf } from '../../harness/processes.ts';
import { Agent } from '../support/agent.ts';

/** The ids of the programs or maps that a process has open. */
function idsOf(pid: number, kind: 'prog_id' | 'map_id'): Set<number> {
  const line = new RegExp(`^${kind}:\\s*(\\d+)$`, 'm');
  const ids = [...descriptorsOf(pid).values()].map((text) => Number(line.exec(text)?.[1]));
  return new Set(ids.filter((id) => id > 0));
}

it('programs and maps begin with cs_, except sections of data, which begin with the name of the object', async (t) => {
  const agent = await new Agent(['--output', 'json', '--verbose']).attached();
  t.after(() => agent.stop());
  const names = (object: 'prog' | 'map') => {
    const open = idsOf(agent.pid, `${object}_id`);
    const listed = JSON.parse(execFileSync('bpftool', ['-j', object, 'show'], { encoding: 'utf8' }));
    const found = (listed as { id: number; name: string }[]).filter(({ id }) => open.has(id));
    // The kernel forgets one that was closed before it was listed.
    const stillOpen = idsOf(agent.pid, `${object}_id`);
    const missing = [...open].filter((id) => stillOpen.has(id) && !found.some((one) => one.id === id));
    assert.deepEqual(missing, []);
    return found.map(({ name }) => name).sort();
  };
  const programs = names('prog');
  assert.ok(programs.length >= 4, `only ${programs.length} programs`);
  for (const name of programs) assert.match(name, /^cs_/);
  const maps = names('map');
  const data = maps.filter((name) => !name.startsWith('cs_'));
  assert.ok(maps.length - data.length >= 6, `only ${maps}`);
  for (const name of data) assert.match(name, /^compacts\.(bss|data|rodata)$/);
});
