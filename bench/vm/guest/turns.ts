// SPDX-License-Identifier: Apache-2.0
/** Gives each tool the same work in turns, and writes a sample of each run to descriptor 3. */
import { writeSync } from 'node:fs';
import { memory } from '../../proc.ts';
import type { Rows, Sample } from '../samples.ts';
import { Programs } from './programs.ts';
import { RunningTool, type Tool } from './tool.ts';
import { compactions, countCompactions, quiet } from './truth.ts';
import { directWork, everyTenthOfASecond, manualWork, setUp } from './work.ts';

const SAMPLES = 3;
/** The number of writes. Each gives one pair per zone. */
const WRITES = 53;
/** The rounds that fill and fragment memory and ask for huge pages: some hundred pairs and half a minute in the emulator. */
const FRAGMENTED = 1;

/** The tools take turns, so that a slow minute of the host affects all of them. */
export async function takeTurns(tools: readonly Tool[], rounds: number): Promise<void> {
  setUp();
  countCompactions();
  for (let round = 0; round < rounds; round++) {
    for (const tool of tools) writeSync(SAMPLES, `${JSON.stringify(await sample(tool, round))}\n`);
  }
}

async function sample(tool: Tool, round: number): Promise<Sample> {
  const { running, firstRowMs } = await started(tool);
  const programs = new Programs(running.pid);
  const manual = await counted(running, () => manualWork(programs, WRITES));
  // Read now: filling the memory drops pages of files from it.
  const used = memory(running.pid);
  const direct = await counted(running, () => directWork(programs, FRAGMENTED));
  await running.stop();
  return {
    ...{ tool: tool.name, round, firstRowMs, memory: used },
    ...{ manual: manual.cost, manualRows: manual.rows, direct: direct.cost, directRows: direct.rows },
  };
}

async function started(tool: Tool): Promise<{ running: RunningTool; firstRowMs: number }> {
  // Shown on the console.
  console.log(`${Math.round(performance.now() / 1000)} s: ${tool.name}`);
  const running = new RunningTool(tool);
  // The compactor starts only now, as emulated compactions leave little CPU time to others.
  await running.spoken();
  const compactor = everyTenthOfASecond();
  const firstRowMs = await running.firstRow();
  compactor.stop();
  await quiet();
  await running.settled();
  console.log(`${Math.round(performance.now() / 1000)} s: first row after ${firstRowMs} ms`);
  return { running, firstRowMs };
}

async function counted<T>(running: RunningTool, work: () => Promise<T>): Promise<{ cost: T; rows: Rows }> {
  const before = { rows: running.rows, compactions: compactions() };
  const cost = await work();
  await running.settled();
  const rows = { printed: running.rows - before.rows, happened: compactions() - before.compactions };
  return { cost, rows };
}
