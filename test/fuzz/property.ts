// SPDX-License-Identifier: Apache-2.0
/**
 * Tests of properties: what holds for every input from outside, tried on many that fast-check makes. A failure names the smallest input that was
 * found, and the command that repeats it.
 */
import { basename } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { VARIABLES } from './variables-of-run.ts';

const CASES = Number(process.env[VARIABLES.cases] ?? 2_000);
const SEED = Number(process.env[VARIABLES.seed] ?? 16);
/** CPU time that only a case takes that does not end. Not in `npm test`: there the limit of a file counts. */
const MAX_CASE_MS = 10_000;
const IS_LONG_RUN = process.env[VARIABLES.cases] !== undefined;

export interface PropertyOptions {
  /** The share of the usual number of cases, for what takes milliseconds a case. */
  share?: number;
}

/** For cases that write files, or connect. */
export const FILES: PropertyOptions = { share: 0.1 };
/** For cases whose making takes long. */
export const LARGE: PropertyOptions = { share: 0.4 };

/** Registers a test: `check` throws for a value that does not have the property. */
export function property<T>(
  name: string,
  values: fc.Arbitrary<T>,
  check: (value: T) => void | Promise<void>,
  { share = 1 }: PropertyOptions = {},
): void {
  it(name, async () => {
    const timed = async (value: T) => {
      const before = IS_LONG_RUN ? process.threadCpuUsage() : undefined;
      await check(value);
      if (before === undefined) return;
      const { user, system } = process.threadCpuUsage(before);
      const ms = (user + system) / 1000;
      if (ms > MAX_CASE_MS) throw new Error(`took ${Math.round(ms)} ms`);
    };
    const details = await fc.check(fc.asyncProperty(values, timed), {
      seed: SEED,
      numRuns: Math.max(1, Math.ceil(CASES * share)),
    });
    if (!details.failed) return;
    const file = basename(process.argv[1] ?? '').replace('.test.ts', '');
    const input = fc.stringify(details.counterexample![0]).replace(/\bBuffer\.from\(\[([\d,]*)\]\)/g, asHex);
    throw new Error(
      `${(details.errorInstance as Error).message}\nafter ${details.numRuns} cases, for ${input}\nThe same again: npm run fuzz -- --only ${file} --seed ${SEED} --cases ${CASES}`,
    );
  });
}

const asHex = (_: string, bytes: string): string =>
  `Buffer.from('${Buffer.from(bytes.split(',').map(Number)).toString('hex')}', 'hex')`;

/** What `read` returns, or undefined when it throws an error that is one of its own. Any other error fails. */
export function refusing<T>(read: () => T, isOwn: (error: Error) => boolean): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && isOwn(error)) return undefined;
    throw error;
  }
}

/** The same for a promise. */
export async function refusingLater<T>(
  read: () => Promise<T>,
  isOwn: (error: Error) => boolean,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && isOwn(error)) return undefined;
    throw error;
  }
}
