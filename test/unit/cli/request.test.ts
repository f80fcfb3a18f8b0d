// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

const REQUEST = new URL('../../../src/cli/request.ts', import.meta.url);

/** What a script with a `request` prints; `signal()` sends it, and waits until it was handled. */
const printedBy = (script: string) =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { Request } from ${JSON.stringify(REQUEST.href)};
       const request = new Request('SIGUSR2');
       const signal = async () => { process.kill(process.pid, 'SIGUSR2'); await new Promise(setImmediate); };
       ${script}`,
    ],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
  );

it('a request is answered each time, also one that came early, and none after the end', () => {
  const script = `
    await signal();
    console.log('ready');
    request.answer(() => console.log('answered'));
    await signal();
    request.close();
    await signal();
    console.log('ended');`;
  assert.equal(printedBy(script), 'ready\nanswered\nanswered\nended\n');
});
