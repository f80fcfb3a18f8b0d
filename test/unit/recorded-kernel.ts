// SPDX-License-Identifier: Apache-2.0
/** The recordings of test/fixtures/record.ts from a real kernel, and parts of the agent that use them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Zone } from '../../harness/host.ts';
import type { Btf } from '../../src/kernel/btf.ts';
import { EpochClock } from '../../src/kernel/clock.ts';
import { type KernelNames, kernelNames } from '../../src/kernel/names.ts';
import { KernelSymbols } from '../../src/kernel/symbols.ts';
import { Decoder } from '../../src/live/decode.ts';
import { Stacks } from '../../src/live/stacks.ts';
import { fixture, fixtureText } from './fixtures.ts';

interface Look {
  monotonicNs: string;
  zones: Zone[];
  freeBlocks: Record<string, number[]>;
  scanned: { migrate: number; free: number };
}

export interface Facts {
  pid: number;
  comm: string;
  writes: string[];
  clocks: { monotonicNs: string; realtimeNs: string; uncertaintyNs: number };
  before: Look;
  after: Look;
}

export const recordedBatch = (): Buffer => readFileSync(fixture('kernel/batch.bin'));
export const recordedFacts = (): Facts => JSON.parse(fixtureText('kernel/facts.json'));

/** Enumerators by name, as bpftool read them. */
export function recordedEnum(name: string): Map<string, number> {
  const enums: Record<string, Record<string, number>> = JSON.parse(fixtureText('kernel/enums.json'));
  return new Map(Object.entries(enums[name]!));
}

export function recordedNames(): KernelNames {
  const btf: Pick<Btf, 'enum' | 'enumWith'> = { enum: recordedEnum, enumWith: () => recordedEnum('gfp') };
  return kernelNames(btf as Btf);
}

export const recordedSymbols = (): KernelSymbols =>
  new KernelSymbols({ kallsyms: fileURLToPath(fixture('kernel/kallsyms.txt')), modules: '/nonexistent' });

export function recordedDecoder(idSeed?: string): Decoder {
  const { monotonicNs, realtimeNs, uncertaintyNs } = recordedFacts().clocks;
  const reading = {
    boottimeNs: BigInt(monotonicNs),
    monotonicNs: BigInt(monotonicNs),
    realtimeNs: BigInt(realtimeNs),
    uncertaintyNs,
  };
  const symbols = recordedSymbols();
  // Reads them all, so that stacks have their names at once.
  symbols.name(0n);
  return new Decoder({
    names: recordedNames(),
    stacks: new Stacks(symbols),
    clock: new EpochClock(() => reading),
    context: 'child',
    idSeed,
  });
}
