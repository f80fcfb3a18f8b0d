// SPDX-License-Identifier: Apache-2.0
/** Runs live test files in one emulated machine, with the rights of an ordinary user. */
import { type Accelerator, accelerator } from '../../harness/machine/accelerator.ts';
import { PROJECT } from '../../harness/machine/contents.ts';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { testImage } from '../../harness/machine/image.ts';
import { kernelNamed } from '../../harness/machine/kernels.ts';
import { runMachine } from '../../harness/machine/machine.ts';
import type { Part } from './plan.ts';
import type { Result } from './result.ts';

/** A limit that only a hang reaches, even when another machine and a busy host leave a third of a CPU. */
const LIMIT_MS = 2_400_000;

export interface Inside {
  /** Its name in the table of kernels. */
  kernel: string;
  /** Their paths in the project. */
  files: readonly (string | Part)[];
  /** Only tests whose name matches this pattern, of all files. */
  test?: string;
  /** Names the file with the console, when the kernel's name does not do. */
  name?: string;
  /** Added to the kernel's command line. */
  append?: string;
  memoryMb?: number;
  cpus?: number;
  /** Two nodes, so that every test shows that they are distinguished. */
  numaNodes?: number;
  /** This host is 10.0.2.2 there. */
  network?: boolean;
  limitMs?: number;
  onResult(result: Result): unknown;
  say?(message: string): void;
}

export interface Ran {
  /** The exit status of the tests inside: 0 when none failed. */
  status: number;
  /** Files that reported nothing, which is a failure unless `test` leaves them out. */
  silent: string[];
  ms: number;
  /** The host's hardware, or the emulator's software. */
  accelerator: Accelerator;
}

/** Fetches the kernel and makes the image, if necessary. A failing machine throws an error that names the console's file. */
export async function runInMachine(inside: Inside): Promise<Ran> {
  const { kernel, files, test, name = kernel, numaNodes = 2, network, onResult, limitMs = LIMIT_MS, ...rest } = inside;
  const parts = files.map((file) => (typeof file === 'string' ? { file } : file));
  const { arch, ...found } = kernelNamed(kernel);
  const folder = fetchKernel({ arch, ...found });
  const image = testImage(arch, network ? folder : undefined);
  const started = performance.now();
  const machine = runMachine({
    ...{ ...rest, name, arch, kernel: folder, image, numaNodes, limitMs },
    ...(network ? { network: [] } : {}),
    command: commandOf(parts, test),
  });
  const silent = new Set(parts.map(({ file }) => file));
  for (;;) {
    const { done, value } = await machine.next();
    if (done) {
      const ms = performance.now() - started;
      return { status: value, silent: [...silent], ms, accelerator: await accelerator(folder) };
    }
    const result = JSON.parse(value) as Result;
    silent.delete(result.file);
    await onResult(result);
  }
}

function commandOf(parts: readonly Part[], test?: string): string {
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const files = parts.map(({ file, only }) => (only === undefined ? file : `${file}#${only}`));
  const words = [...(test === undefined ? [] : ['--name', test]), ...files];
  return `cd ${PROJECT} && NO_COLOR=1 exec node test/vm/guest/run-tests.ts ${words.map(quoted).join(' ')}`;
}
