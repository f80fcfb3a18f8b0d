// SPDX-License-Identifier: Apache-2.0
/** Which tests run inside an emulated machine, and the command that runs them there. */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What these show depends on the kernel; others of test/kernel are about this host, or test/vm/guest has its own. */
const OF_KERNEL = ['zone-state', 'cgroup', 'hidden-symbols'].map((name) => `test/kernel/${name}.test.ts`);
/** Contexts and clocks are read in the same way on all; only the attach plan differs, and these kernels take one each. */
const OF_CONTEXTS = [
  ...['context-lifecycle', 'unreadable-contexts', 'worker-context'].map((name) => `test/kernel/${name}.test.ts`),
  ...['contexts', 'node-context', 'obi-context', 'publications', 'time'].map((name) => `test/vm/guest/${name}.test.ts`),
];
const WITH_CONTEXTS = ['5.10', '6.1', '7.3'];
/** Whose attach plan is not that of the host. */
const WITH_HOSTILE = ['5.10', '7.3'];

const inside = (pattern: string) => globSync(`test/vm/guest/${pattern}`, { cwd: ROOT }).sort();

/** @param kernel its name in the table */
export function testFiles(kernel: string): string[] {
  const all = [...new Set([...OF_KERNEL, ...inside('*.test.ts'), ...OF_CONTEXTS])];
  const files = WITH_CONTEXTS.includes(kernel) ? all : all.filter((file) => !OF_CONTEXTS.includes(file));
  return WITH_HOSTILE.includes(kernel) ? [...files, 'test/kernel/hostile-contexts.test.ts'] : files;
}

/** For a machine that was booted with lockdown=confidentiality. */
export const lockdownFiles = (): string[] => inside('lockdown/*.test.ts');
