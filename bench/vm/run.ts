// SPDX-License-Identifier: Apache-2.0
/** Runs a program of guest/ in a machine, and collects its samples. */
import { PROJECT } from '../../harness/machine/contents.ts';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { projectImage } from '../../harness/machine/image.ts';
import { kernelNamed } from '../../harness/machine/kernels.ts';
import { runMachine } from '../../harness/machine/machine.ts';
import type { Cost, Sample } from './samples.ts';

export interface Run {
  /** The name of a kernel of harness/machine/kernels.ts. */
  kernel: string;
  /** A file of guest/, and its arguments. */
  program: string;
  disk?: string;
}

/** The memory of the machine: little, so that it fills soon, yet enough for bcc. */
const MEMORY_MB = 1024;
/** A limit that only a hang reaches. */
const LIMIT_MS = 3_600_000;

export async function samplesOf({ kernel, program, disk }: Run): Promise<Sample[]> {
  const samples: Sample[] = [];
  const machine = runMachine({
    name: `bench-${kernel}`,
    kernel: fetchKernel(kernelNamed(kernel)),
    image: projectImage('x64'),
    memoryMb: MEMORY_MB,
    // With more CPUs a program's time would include instructions of the others.
    cpus: 1,
    countInstructions: true,
    command: `cd ${PROJECT} && exec node bench/vm/guest/${program}`,
    limitMs: LIMIT_MS,
    say: (message) => console.error(message),
    ...(disk === undefined ? {} : { disk }),
  });
  for (;;) {
    const { done, value } = await machine.next();
    if (done && value === 0) return samples;
    if (done) throw new Error(`bench/vm/guest/${program} failed on Linux ${kernel}; build/vm has its console`);
    const sample = JSON.parse(value) as Sample;
    console.error(`  ${inWords(sample)}`);
    samples.push(sample);
  }
}

function inWords({ tool, round, manual, direct, firstRowMs }: Sample): string {
  const cost = ({ pairs, nsPerPair }: Cost) => `${pairs} pairs of ${thousands(nsPerPair)}`;
  const start = `first row after ${(firstRowMs / 1000).toFixed(1)} s`;
  return `round ${round + 1}, ${tool}: ${start}, manual ${cost(manual)}, direct ${cost(direct)}`;
}

/** The text above a table of such samples. */
export function emulated(kernel: string): string {
  const machine = `Linux ${kernel} in an emulated x86-64 machine with one CPU and ${MEMORY_MB} MB`;
  return `${machine}, in which time passes with instructions: one each nanosecond`;
}

/** The time of a program in such a machine, as its number of instructions. */
export const thousands = (ns: number) => `${(ns / 1000).toFixed(1)} k`;
