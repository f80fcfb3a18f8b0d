// SPDX-License-Identifier: Apache-2.0
/** Runs one of guest/ in a machine, and collects its samples. */
import { PROJECT } from '../../vm/contents.ts';
import { fetchKernel } from '../../vm/fetch.ts';
import { projectImage } from '../../vm/image.ts';
import { kernelNamed } from '../../vm/kernels.ts';
import { runMachine } from '../../vm/machine.ts';
import type { Sample } from './samples.ts';

export interface Run {
  /** Names one of test/vm's kernels. */
  kernel: string;
  /** A file of guest/, and its arguments. */
  program: string;
  disk?: string;
}

/** Large enough for compactions of some length, and for the tools to stay in memory. */
const MEMORY_MB = 2048;
/** Only a hang takes as long. */
const LIMIT_MS = 3_600_000;

export async function samplesOf({ kernel, program, disk }: Run): Promise<Sample[]> {
  const samples: Sample[] = [];
  const machine = runMachine({
    name: `bench-${kernel}`,
    kernel: fetchKernel(kernelNamed(kernel)),
    image: projectImage(),
    memoryMb: MEMORY_MB,
    command: `cd ${PROJECT} && exec node test/bench/vm/guest/${program}`,
    limitMs: LIMIT_MS,
    say: (message) => console.error(message),
    ...(disk === undefined ? {} : { disk }),
  });
  for (;;) {
    const { done, value } = await machine.next();
    if (done && value === 0) return samples;
    if (done) throw new Error(`test/bench/vm/guest/${program} failed on Linux ${kernel}; build/vm has its console`);
    const sample = JSON.parse(value) as Sample;
    console.error(`  ${sample.tool}, round ${sample.round + 1}`);
    samples.push(sample);
  }
}

/** What a table of such samples has to say first. */
export function emulated(kernel: string): string {
  return `Linux ${kernel} in an emulated x86-64 machine, 2 CPUs, ${MEMORY_MB} MB: of the figures, only the ratios mean something`;
}
