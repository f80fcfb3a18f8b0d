// SPDX-License-Identifier: Apache-2.0
/** The names of the agent's programs and maps in the kernel, as bpftool lists them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { Agent } from '../support/agent.ts';

/** The ids of the programs or maps that a process has open. */
function idsOf(pid: number, kind: 'prog_id' | 'map_id'): Set<number> {
  const folder = `/proc/${pid}/fdinfo`;
  const ids = readdirSync(folder).map((fd) => {
    const [, id] = new RegExp(`^${kind}:\\s*(\\d+)$`, 'm').exec(readFileSync(`${folder}/${fd}`, 'latin1')) ?? [];
    return Number(id);
  });
  return new Set(ids.filter((id) => id > 0));
}

it('programs and maps begin with cs_, except sections of data, which begin with the name of the object', async (t) => {
  const agent = await new Agent(['--output', 'json', '--verbose']).attached();
  t.after(() => agent.stop());
  const names = (object: 'prog' | 'map') => {
    const ids = idsOf(agent.pid, `${object}_id`);
    const listed = JSON.parse(execFileSync('bpftool', ['-j', object, 'show'], { encoding: 'utf8' }));
    const found = (listed as { id: number; name: string }[]).filter(({ id }) => ids.has(id));
    assert.equal(found.length, ids.size);
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
