// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './layers.ts';

const done = new Map<string, Promise<string | undefined>>();

/** Runs ./setup.sh, once for each word. @returns the reason of a failure, if it failed */
export function setUp(what: string): Promise<string | undefined> {
  const result = done.get(what) ?? run(what);
  done.set(what, result);
  return result;
}

async function run(what: string): Promise<string | undefined> {
  const script = spawn('./setup.sh', [what], { cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  script.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    process.stderr.write(text);
  });
  const [code] = await once(script, 'close');
  if (code === 0) return undefined;
  const last = said.trim().split('\n').at(-1) ?? '';
  return last.replace(/^setup: /, '') || `./setup.sh ${what} failed`;
}
