// SPDX-License-Identifier: Apache-2.0
/** Inside the machine: the attach plans, with and without stacks, in turns. */
import { fileURLToPath } from 'node:url';
import { PLAN_NAMES } from '../../../src/live/attach-plan.ts';
import type { Tool } from './tool.ts';
import { takeTurns } from './turns.ts';

const OURS = fileURLToPath(new URL('../../../dist/bin/compactstall', import.meta.url));

const tool = (name: string, ...args: string[]): Tool => ({
  name,
  command: [OURS, '--output', 'json', '--max-spans-per-second', 'off', ...args],
  row: /^\{/,
});

await takeTurns(
  [
    ...PLAN_NAMES.flatMap((plan) => [
      tool(`${plan} without`, '--attach', plan, '--stack', 'none'),
      tool(`${plan} with`, '--attach', plan, '--stack-budget', 'off'),
    ]),
    tool('tp_btf long', '--attach', 'tp_btf', '--stack-min-duration', process.argv[3]!),
  ],
  Number(process.argv[2]),
);
