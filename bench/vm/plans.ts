// SPDX-License-Identifier: Apache-2.0
/** The comparison of the attach plans, in an emulated machine whose kernel offers all of them. */
import { PLAN_NAMES } from '../../src/live/attach-plan.ts';
import { table } from '../report.ts';
import { emulated, samplesOf, thousands } from './run.ts';
import type { Sample } from './samples.ts';

const KERNEL = '6.12';
/** The number of instructions is always the same, unlike time. */
const ROUNDS = 1;
/** Longer than the compaction of the smallest zone, with about as many instructions as on a real machine. */
const LONG = '100us';
const FIRST = 'tp_btf without';

const kinds = ['manual', 'direct'] as const;

/** @returns a table; takes ten minutes */
export async function comparePlans(): Promise<string> {
  const samples = await samplesOf({ kernel: KERNEL, program: `plans.ts ${ROUNDS} ${LONG}` });
  const of = (tool: string) => samples.find((sample) => sample.tool === tool)!;
  const first = of(FIRST);
  const rows = PLAN_NAMES.flatMap((plan) => [
    [plan, 'none', ...cells(of(`${plan} without`), first)],
    [plan, 'all', ...cells(of(`${plan} with`), first)],
  ]);
  rows.push(['tp_btf', `from ${LONG} on`, ...cells(of('tp_btf long'), first)]);
  const head = ['plan', 'stacks', ...kinds.flatMap((kind) => [`instructions per pair, ${kind}`, 'of the first row'])];
  return `${emulated(KERNEL)}; ${pairs(samples)}.\n\n${table(head, rows)}`;
}

function cells(sample: Sample, first: Sample): string[] {
  return kinds.flatMap((kind) => {
    const { nsPerPair } = sample[kind];
    return [thousands(nsPerPair), (nsPerPair / first[kind].nsPerPair).toFixed(2)];
  });
}

function pairs(samples: readonly Sample[]): string {
  const range = kinds.map((kind) => {
    const each = samples.map((sample) => sample[kind].pairs);
    const [least, most] = [Math.min(...each), Math.max(...each)];
    return `${least === most ? most : `${least} to ${most}`} ${kind} pairs`;
  });
  return `${range.join(' and ')} each`;
}
