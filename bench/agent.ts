// SPDX-License-Identifier: Apache-2.0
/** The built agent, as a child that always ends with the benchmark. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from '../harness/child.ts';
import type { CompactionEvent } from '../src/event/event.ts';

export const COMMAND = fileURLToPath(new URL('../dist/bin/compactstall', import.meta.url));
/** It is started as by a user, so that Node.js gets the command's flags. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
/** A limit that only a hang reaches. */
const GIVE_UP_MS = 60_000;

/** Resolves when the agent is attached. @param command its file, this tree's unless another is given */
export async function startAgent(
  args: readonly string[],
  env: Record<string, string> = {},
  command = COMMAND,
): Promise<Child> {
  const agent = new Child('compactstall', command, [...args], { PATH, ...env });
  await agent.ready(async () => agent.log().includes(' attached ('));
  return agent;
}

/** Runs the agent to its end. @returns its messages; throws when it fails */
export async function runAgent(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stderr } = await promisify(execFile)('setpriv', ['--pdeathsig', 'KILL', COMMAND, ...args], {
    env: { ...process.env, PATH, ...env },
    timeout: GIVE_UP_MS,
  });
  return stderr;
}

/** The events in the lines of --output json:FILE. */
export function readEvents(path: string): CompactionEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
