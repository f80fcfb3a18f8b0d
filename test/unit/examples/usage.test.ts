// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const USAGES = {
  'examples/demo/demo.ts': 'demo: usage: [OTEL_EXPORTER_OTLP_ENDPOINT=URL] npm run demo\n',
  'examples/trace/trace.ts':
    'example: usage: npm run example [-- [--machine [KERNEL]] [--picture FILE] [--recording FILE]]\n',
};

describe('an example with an argument that it does not have says how it is used, and starts nothing', () => {
  for (const [command, usage] of Object.entries(USAGES)) {
    for (const argument of ['--help', '6.12']) {
      it(`${command} ${argument}`, () => {
        const path = fileURLToPath(new URL(`../../../${command}`, import.meta.url));
        const { status, stderr, stdout } = spawnSync(process.execPath, [path, argument], { encoding: 'utf8' });
        assert.deepEqual({ status, stderr, stdout }, { status: 1, stderr: usage, stdout: '' });
      });
    }
  }
});
