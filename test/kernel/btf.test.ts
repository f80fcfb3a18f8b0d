// SPDX-License-Identifier: Apache-2.0
/** The agent's BTF reader, compared with bpftool's on everything that the running kernel describes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import type { Btf } from '../../src/kernel/btf.ts';
import { readKernelBtf } from '../../src/live/kernel-features.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';

interface BpftoolType {
  id: number;
  kind: string;
  name: string;
  size?: number;
  type_id?: number;
  ret_type_id?: number;
  encoding?: string;
  /** Text, because numbers of 64 bits do not fit JavaScript numbers. */
  values?: { name: string; val: string }[];
  members?: { name: string; bits_offset: number; type_id: number }[];
  params?: { name: string; type_id: number }[];
}

let types: BpftoolType[];
let btf: Btf;
/** The first type of each name, which is the one that the reader finds. */
const first = (kinds: readonly string[]) => {
  const found = new Map<string, BpftoolType>();
  for (const type of types) {
    if (kinds.includes(type.kind) && type.name !== '(anon)' && !found.has(type.name)) found.set(type.name, type);
  }
  return [...found.values()];
};

before(() => {
  btf = readKernelBtf();
  const json = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', VMLINUX], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  types = JSON.parse(json.replace(/"val":(-?\d+)/g, '"val":"$1"')).types;
});

describe(`BTF of ${VMLINUX}, as bpftool reads it`, () => {
  it('enums: every name and value', () => {
    const enums = first(['ENUM', 'ENUM64']);
    assert.ok(enums.length > 500, String(enums.length));
    for (const { name, kind, encoding, values } of enums) {
      // bpftool extends the sign of unsigned values too, so only the enum's own bits count.
      const cut = encoding === 'SIGNED' ? BigInt.asIntN : BigInt.asUintN;
      const expected = values!.map(({ name, val }) => [name, Number(cut(kind === 'ENUM' ? 32 : 64, BigInt(val)))]);
      assert.deepEqual([...btf.enum(name)!], expected, name);
    }
  });

  it('structs: size, and offset of every member', () => {
    // A name that occurs more than once is checked for its first struct. Thousands of lookups take seconds, so this takes a
    // sample, and the structs that the agent reads.
    const structs = first(['STRUCT']);
    const wanted = new Set(['compact_control', 'zone', 'pglist_data', 'free_area', 'task_struct', 'page', 'sk_buff']);
    const sample = structs.filter(({ name }, i) => wanted.has(name) || i % 29 === 0);
    assert.ok(sample.length > 100, String(sample.length));
    assert.equal(sample.filter(({ name }) => wanted.has(name)).length, wanted.size);
    for (const { name, size, members } of sample) {
      const struct = btf.struct(name)!;
      assert.equal(struct.size, size, name);
      assert.deepEqual(
        struct.members.map((member) => [member.name, member.offset]),
        members!.map((member) => [member.name === '(anon)' ? '' : member.name, Math.floor(member.bits_offset / 8)]),
        name,
      );
    }
  });

  it('parameters of the compaction tracepoints', () => {
    const byId = new Map(types.map((type) => [type.id, type]));
    const aliases = ['TYPEDEF', 'CONST', 'VOLATILE', 'RESTRICT', 'TYPE_TAG'];
    const resolved = (id: number): BpftoolType | undefined => {
      const type = byId.get(id);
      return type && aliases.includes(type.kind) ? resolved(type.type_id!) : type;
    };
    const typedefs = first(['TYPEDEF']).filter(({ name }) => name.startsWith('btf_trace_mm_compaction_'));
    assert.ok(typedefs.some(({ name }) => name === 'btf_trace_mm_compaction_end'));
    for (const { name, type_id } of typedefs) {
      const prototype = resolved(resolved(type_id!)!.type_id!)!;
      const expected = prototype.params!.map((parameter) => {
        const type = resolved(parameter.type_id)!;
        return type.kind === 'PTR' ? `${resolved(type.type_id!)?.name ?? 'void'} *` : type.name;
      });
      assert.deepEqual(btf.functionPointerParameters(name), expected, name);
    }
  });

  it('the enums that the agent takes names from', () => {
    for (const name of ['compact_result', 'migrate_mode', 'compact_priority']) assert.ok(btf.enum(name), name);
    assert.equal(btf.enum('compact_result')!.get('COMPACT_SUCCESS'), 8);
    assert.equal(btf.enumWith('___GFP_DMA_BIT')!.get('___GFP_DMA_BIT'), 0);
  });
});
