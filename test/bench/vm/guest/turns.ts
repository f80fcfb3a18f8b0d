// SPDX-License-Identifier: Apache-2.0
/** Has the tools do the same work in turns, and hands out a sample of each run on descriptor 3. */
import { writeSync } from 'node:fs';
import { memory } from '../../proc.ts';
import type { Rows, Sample } from '../samples.ts';
import { Programs } from './programs.ts';
import { RunningTool, type Tool } from './tool.ts';
import { compactions, countCompactions, quiet } from './truth.ts';
import { directWork, everyTenthOfASecond, manualWork, setUp } from './work.ts';

const SAMPLES = 3;
/** Each gives one pair per zone. */
const WRITES = 53;
/** Of memory filled, fragmented and asked for as huge pages: some hundred pairs each. */
const FRAGMENTED = 3;

/** In turns, so that a slow minute of the host hits all of them; a first round, in which files come from disk, is left out. */
export async function takeTurns(tools: readonly Tool[], rounds: number): Promise<void> {
  setUp();
  countCompactions();
  for (const tool of tools) await (await started(tool)).running.stop();
  // Starts come before memory is filled, which drops the files from it.
  const half: Omit<Sample, 'direct' | 'directRows'>[] = [];
  for (let round = 0; round < rounds; round++) for (const tool of tools) half.push(await startAndManual(tool, round));
  for (const sample of half) {
    const tool = tools.find(({ name }) => name === sample.tool)!;
    writeSync(SAMPLES, `${JSON.stringify({ ...sample, ...(await direct(tool)) } satisfies Sample)}\n`);
  }
}

async function started(tool: Tool): Promise<{ running: RunningTool; firstRowMs: number }> {
  // For whoever watches the console.
  console.log(`${Math.round(performance.now() / 1000)} s: ${tool.name}`);
  const compactor = everyTenthOfASecond();
  const running = new RunningTool(tool);
  const firstRowMs = await running.firstRow();
  compactor.stop();
  await quiet();
  await running.settled();
  console.log(`${Math.round(performance.now() / 1000)} s: first row after ${firstRowMs} ms`);
  return { running, firstRowMs };
}

async function startAndManual(tool: Tool, round: number) {
  const { running, firstRowMs } = await started(tool);
  const { cost, rows } = await counted(running, () => manualWork(new Programs(running.pid), WRITES));
  const used = memory(running.pid);
  await running.stop();
  return { tool: tool.name, round, firstRowMs, memory: used, manual: cost, manualRows: rows };
}

async function direct(tool: Tool) {
  const { running } = await started(tool);
  const { cost, rows } = await counted(running, () => directWork(new Programs(running.pid), FRAGMENTED));
  await running.stop();
  return { direct: cost, directRows: rows };
}

async function counted<T>(running: RunningTool, work: () => Promise<T>): Promise<{ cost: T; rows: Rows }> {
  const before = { rows: running.rows, compactions: compactions() };
  const cost = await work();
  await running.settled();
  const rows = { printed: running.rows - before.rows, happened: compactions() - before.compactions };
  return { cost, rows };
}
