// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

const MESSAGES = new URL('../../../src/cli/messages.ts', import.meta.url).href;
const MEGABYTE = 1 << 20;

it('a long text arrives as a whole in a pipe that does not block and is read late', () => {
  // Node.js makes a pipe on standard output non-blocking, and standard error is the same pipe.
  const program = `process.stdout.write('');
    const { Messages } = await import('${MESSAGES}');
    new Messages('compactstall').show({}, 'x'.repeat(${MEGABYTE}));`;
  const command = '"$0" --input-type=module -e "$1" 2>&1 | (sleep 0.3; wc -c)';
  const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, program], { encoding: 'utf8' });
  assert.equal(stdout.trim(), `${MEGABYTE + 1}`, stderr);
});
