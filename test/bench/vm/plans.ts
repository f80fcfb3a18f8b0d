// SPDX-License-Identifier: Apache-2.0
/** The ways to attach, against each other, in an emulated machine whose kernel offers all of them. */
import { PLAN_NAMES } from '../../../src/kernel/plan.ts';
import { table } from '../report.ts';
import { median, sum } from '../statistics.ts';
import { emulated, samplesOf, thousands } from './run.ts';
import type { Sample } from './samples.ts';

const KERNEL = '6.12';
const ROUNDS = 2;
/** Longer than the compaction of the smallest zone takes; about as many instructions as on a real machine. */
const LONG = '100us';
const FIRST = 'tp_btf without';

/** @returns a table; takes ten minutes */
export async function comparePlans(): Promise<string> {
  const samples = await samplesOf({ kernel: KERNEL, program: `plans.ts ${ROUNDS} ${LONG}` });
  const first = samples.filter(({ tool }) => tool === FIRST);
  const rows = PLAN_NAMES.flatMap((plan) => [
    [plan, 'none', ...cells(of(samples, `${plan} without`), first)],
    [plan, 'all', ...cells(of(samples, `${plan} with`), first)],
  ]);
  rows.push(['tp_btf', `from ${LONG} on`, ...cells(of(samples, 'tp_btf long'), first)]);
  const head = [
    'plan',
    'stacks',
    ...kinds.flatMap((kind) => [`instructions per pair, ${kind}`, 'of the first row', 'range of that']),
  ];
  return `${emulated(KERNEL)}; ${ROUNDS} rounds, ${pairs(first)} each.\n\n${table(head, rows)}`;
}

const kinds = ['manual', 'direct'] as const;
const of = (samples: readonly Sample[], tool: string) => samples.filter((sample) => sample.tool === tool);

function cells(samples: readonly Sample[], first: readonly Sample[]): string[] {
  return kinds.flatMap((kind) => {
    const ratios = samples.map((sample, round) => sample[kind].medianNs / first[round]![kind].medianNs);
    return [
      thousands(median(samples.map((sample) => sample[kind].medianNs))),
      median(ratios).toFixed(2),
      `${Math.min(...ratios).toFixed(2)} - ${Math.max(...ratios).toFixed(2)}`,
    ];
  });
}

function pairs(samples: readonly Sample[]): string {
  return kinds.map((kind) => `${sum(samples.map((sample) => sample[kind].pairs))} ${kind} pairs`).join(' and ');
}
