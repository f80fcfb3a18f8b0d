// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './layers.ts';
import type { Obstacle } from './results.ts';

/** setup.sh's exit code for what the host lacks. */
const LACKS = 3;

const done = new Map<string, Promise<Obstacle | undefined>>();

/** Runs ./setup.sh, once for each word. @returns why it failed, if it did */
export function setUp(what: string): Promise<Obstacle | undefined> {
  const result = done.get(what) ?? run(what);
  done.set(what, result);
  return result;
}

async function run(what: string): Promise<Obstacle | undefined> {
  const script = spawn('./setup.sh', [what], { cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  script.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    process.stderr.write(text);
  });
  const [code] = await once(script, 'close');
  if (code === 0) return undefined;
  const last = said.trim().split('\n').at(-1) ?? '';
  return { why: last.replace(/^setup: /, '') || `./setup.sh ${what} failed`, ofHost: code === LACKS };
}
