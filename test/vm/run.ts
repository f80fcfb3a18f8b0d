// SPDX-License-Identifier: Apache-2.0
/** Runs one kernel, for debugging; --help explains it. */
import { parseArgs } from 'node:util';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { testImage } from '../../harness/machine/image.ts';
import { KERNELS, type Kernel, kernelNamed } from '../../harness/machine/kernels.ts';
import { type MachineOptions, runMachine } from '../../harness/machine/machine.ts';
import { runInMachine } from './inside.ts';
import { LOCKED_DOWN, type Part, PLAN, partsOf } from './plan.ts';
import type { Result } from './result.ts';

const HELP = `node test/vm/run.ts --kernel NAME [OPTION...]

Boots the project as it is built now on a kernel (${KERNELS.map(({ name }) => name).join(', ')}) and runs tests there:
those that test/vm/plan.ts has on it.

  --kernel NAME        which one
  --file TEXT          all test files whose path contains it, also those that the plan has on other kernels
  --test PATTERN       only tests whose name matches it
  --shell              no test but a shell; the machine ends with it
  --append PARAMETERS  added to the kernel's command line; with lockdown=confidentiality, the tests for that run
  --memory MB          default 1024
  --cpus N             default 2
  --nodes N            NUMA nodes, default 2
  --network            the host is 10.0.2.2
`;

const options = {
  kernel: { type: 'string' },
  file: { type: 'string', default: '' },
  test: { type: 'string' },
  shell: { type: 'boolean', default: false },
  append: { type: 'string', default: '' },
  memory: { type: 'string', default: '1024' },
  cpus: { type: 'string', default: '2' },
  nodes: { type: 'string', default: '2' },
  network: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help || values.kernel === undefined) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const kernel = kernelNamed(values.kernel);
  const hardware = {
    memoryMb: Number(values.memory),
    cpus: Number(values.cpus),
    numaNodes: Number(values.nodes),
    append: values.append,
    say: (message: string) => console.error(message),
  };
  if (values.shell) return shell(kernel, hardware, values.network);

  const lockedDown = values.append.includes('lockdown=confidentiality');
  // A requested file runs completely, even if the plan runs it elsewhere.
  const rows = lockedDown ? [LOCKED_DOWN] : PLAN;
  const all: Part[] = values.file === '' && !lockedDown ? partsOf(kernel.name) : rows.map(({ file }) => ({ file }));
  const files = all.filter(({ file }) => file.includes(values.file));
  if (files.length === 0)
    throw new Error(`no file with ${values.file}; there are ${all.map(({ file }) => file).join(', ')}`);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const { status, ms, accelerator } = await runInMachine({
    ...{ ...hardware, kernel: kernel.name, files, network: values.network },
    ...(values.test === undefined ? {} : { test: values.test }),
    onResult({ outcome, file, name, ms, error }: Result) {
      counts[outcome] += 1;
      console.log(`${outcome.padEnd(7)} ${file}: ${name.join(' > ')} (${ms} ms)${error ? `\n${error}` : ''}`);
    },
  });
  console.log(
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${Math.round(ms / 1000)} s (${accelerator})`,
  );
  return status !== 0 || counts.passed === 0 ? 1 : 0;
}

async function shell(kernel: Kernel, hardware: Partial<MachineOptions>, network: boolean): Promise<number> {
  const folder = fetchKernel(kernel);
  const machine = runMachine({
    ...{ ...hardware, name: kernel.name, arch: kernel.arch, kernel: folder },
    image: testImage(kernel.arch, network ? folder : undefined),
    ...(network ? { network: [] } : {}),
    append: `${hardware.append} quiet`,
    interactive: true,
    command: 'cd /compactstall; exec setsid cttyhack sh',
    limitMs: 2 ** 31 - 1,
  });
  for (;;) {
    const { done, value } = await machine.next();
    if (done) return value;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`test/vm/run.ts: ${(error as Error).message}`);
  process.exitCode = 1;
}
