// SPDX-License-Identifier: Apache-2.0
// The output of the compilers, as the agent finds it. This needs no rights.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as abi from '../../src/abi.generated.ts';
import { install } from '../../src/doctor/install.ts';
import { Btf } from '../../src/kernel/btf.ts';
import { temporaryFolder } from '../unit/fixtures.ts';

const OBJECT = fileURLToPath(new URL('../../bpf/build/compaction.bpf.o', import.meta.url));

describe('BTF of the built BPF object', () => {
  it('has the layout that the agent was generated for', (t) => {
    const at = temporaryFolder(t);
    execFileSync('llvm-objcopy', [`--dump-section=.BTF=${at('btf')}`, OBJECT, at('copy.o')]);
    const btf = new Btf(readFileSync(at('btf')));
    const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    for (const [name, layout, size] of [
      ['event', abi.EVENT, abi.EVENT_SIZE],
      ['zone_state', abi.ZONE_STATE, abi.ZONE_STATE_SIZE],
      ['books', abi.BOOKS, abi.BOOKS_SIZE],
    ] as const) {
      const struct = btf.struct(name)!;
      assert.equal(struct.size, size, name);
      const members = struct.members.map((member) => [
        camel(member.name),
        { offset: member.offset, size: member.size },
      ]);
      assert.deepEqual(Object.fromEntries(members), layout, `${name}: npm run generate`);
    }
    assert.deepEqual(
      btf.enum('trigger'),
      new Map(Object.entries(abi.TRIGGER).map(([name, value]) => [`TRIGGER_${name}`, value])),
    );
    assert.equal(btf.struct('event')!.members.find(({ name }) => name === 'begin')!.type, 'zone_state');
  });
});

it('the addon and the BPF programs are found', async () => {
  assert.deepEqual(await install(), {
    status: 'ok',
    why: `Node.js ${process.versions.node}, the addon and the BPF programs are in place.`,
  });
});
