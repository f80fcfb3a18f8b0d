// SPDX-License-Identifier: Apache-2.0
// Writes src/abi.generated.ts from the debug information (BTF) of the built BPF object, so that only bpf/event.h defines
// the layout. `npm run generate` runs it; CI checks that the result is committed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Btf } from '../src/kernel/btf.ts';

const object = new URL('build/compaction.bpf.o', import.meta.url).pathname;
const output = new URL('../src/abi.generated.ts', import.meta.url).pathname;

const scratch = mkdtempSync(join(tmpdir(), 'compactstall-abi-'));
const section = join(scratch, 'btf');
execFileSync('llvm-objcopy', [`--dump-section=.BTF=${section}`, object, join(scratch, 'copy.o')]);
const btf = new Btf(readFileSync(section));
rmSync(scratch, { recursive: true });

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function layout(struct: string, constant: string): string {
  const found = btf.struct(struct);
  if (!found) throw new Error(`struct ${struct} is not in the object's BTF`);
  const members = found.members.map(
    ({ name, offset, size }) => `  ${camel(name)}: { offset: ${offset}, size: ${size} },`,
  );
  return `export const ${constant}_SIZE = ${found.size};\nexport const ${constant} = {\n${members.join('\n')}\n} as const;`;
}

function values(name: string, prefix: string): string {
  const found = btf.enum(name);
  if (!found) throw new Error(`enum ${name} is not in the object's BTF`);
  const entries = [...found].map(([key, value]) => `  ${key.slice(prefix.length)}: ${value},`);
  return `export const ${prefix.slice(0, -1)} = {\n${entries.join('\n')}\n} as const;`;
}

writeFileSync(
  output,
  `${[
    '// SPDX-License-Identifier: Apache-2.0\n// Generated from bpf/event.h by `npm run generate`. Do not edit: change the header.',
    layout('event', 'EVENT'),
    layout('zone_state', 'ZONE_STATE'),
    layout('books', 'BOOKS'),
    layout('handover', 'HANDOVER'),
    layout('omissions', 'OMISSIONS'),
    layout('process_event', 'PROCESS_EVENT'),
    layout('aggregate_key', 'AGGREGATE_KEY'),
    layout('aggregate', 'AGGREGATE'),
    layout('stalls', 'STALLS'),
    layout('started_process', 'STARTED_PROCESS'),
    layout('trace_context', 'TRACE_CONTEXT'),
    layout('publisher', 'PUBLISHER'),
    layout('tls_place', 'TLS_PLACE'),
    values('trigger', 'TRIGGER_'),
    values('stack_omitted', 'STACK_OMITTED_'),
    values('duration', 'DURATION_'),
    values('reader_state', 'READER_'),
    values('context_source', 'CONTEXT_'),
    values('process_event_kind', 'PROCESS_EVENT_KIND_'),
    values('start_notice', 'START_NOTICE_'),
    values('start_period', 'START_PERIOD_'),
    values('start_look', 'START_LOOK_'),
    values('tls_kind', 'TLS_'),
  ].join('\n\n')}\n`,
);
