// SPDX-License-Identifier: Apache-2.0
/** A folder like /proc, with the processes of a test. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { pageBytes } from '../../../../src/procfs/auxv.ts';
import { temporaryFolder } from '../../fixtures.ts';

export interface FakeProcess {
  exe?: string;
  comm?: string;
  cgroup?: string;
  environ?: string;
  maps?: string;
  /** Whether the pages of its environment are absent. */
  environmentAway?: boolean;
  startedTicks?: number;
  startStack?: number;
  kernelThread?: boolean;
  /** Whether it is ending, with its memory gone. */
  exiting?: boolean;
  parent?: number;
}

export const ENVIRONMENT_AT = 0x700000;
export const STACK = '006f0000-00710000 rw-p 00000000 00:00 0                          [stack]\n';

const PRESENT = 1n << 63n;

/** The pagemap of a process: the pages of these ranges, end excluded, are present, or have `flags`. */
export function putPagemap(
  folder: string,
  ranges: readonly (readonly [start: number, end: number])[],
  flags = PRESENT,
) {
  const page = pageBytes();
  const entries = new BigUint64Array(Math.ceil(Math.max(...ranges.map(([, end]) => end)) / page));
  for (const [start, end] of ranges) entries.fill(flags, Math.floor(start / page), Math.ceil(end / page));
  writeFileSync(`${folder}/pagemap`, entries);
}

/** Fields 3 to 52 of proc_pid_stat(5). The name would mislead a split at spaces. */
export function statLine(pid: number, fake: FakeProcess): string {
  const fields = Array.from({ length: 50 }, () => '0');
  const set = (field: number, value: number) => {
    fields[field - 3] = String(value);
  };
  fields[0] = 'S';
  set(4, fake.parent ?? 1);
  set(9, fake.kernelThread ? 0x208040 : fake.exiting ? 0x400004 : 0x400000);
  set(22, fake.startedTicks ?? 500);
  if (!fake.kernelThread) {
    set(28, fake.startStack ?? 0x7ffd0000e000);
    set(50, ENVIRONMENT_AT);
    set(51, ENVIRONMENT_AT + 100);
  }
  return `${pid} (${fake.comm ?? 'a) b 1 (c'}) ${fields.join(' ')}\n`;
}

/** The file of the main thread: the time to read that of the process grows with its threads. */
export function putStatus(proc: string, pid: number, fake: FakeProcess): void {
  mkdirSync(`${proc}/${pid}/task/${pid}`, { recursive: true });
  writeFileSync(`${proc}/${pid}/task/${pid}/stat`, statLine(pid, fake));
}

export function fakeProc(t: TestContext) {
  const at = temporaryFolder(t);
  const end = (pid: number) => rmSync(at(String(pid)), { recursive: true, force: true });
  return {
    root: at(),
    end,
    /** Starts a process, or changes it. */
    put(pid: number, fake: FakeProcess) {
      end(pid);
      mkdirSync(at(String(pid)));
      putStatus(at(), pid, fake);
      const file = (name: string, text: string) => writeFileSync(at(String(pid), name), text);
      file('cgroup', fake.cgroup ?? '0::/\n');
      if (fake.exe !== undefined) symlinkSync(fake.exe, at(String(pid), 'exe'));
      if (fake.kernelThread) return;
      file('maps', fake.maps ?? STACK);
      putPagemap(
        at(String(pid)),
        fake.environmentAway
          ? [[0, 0x20000]]
          : [
              [0, 0x20000],
              [ENVIRONMENT_AT, ENVIRONMENT_AT + 100],
            ],
      );
      file('environ', fake.environ ?? '');
    },
  };
}
