// SPDX-License-Identifier: Apache-2.0
// Runs `npm run demo`, like a newcomer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DEMO = fileURLToPath(new URL('../../examples/demo/demo.ts', import.meta.url));

export function demoTests(): void {
  test('the demo shows direct stalls as a table, and as spans in a receiver outside the machine', async () => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...env } = process.env;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [DEMO], { env });
    const rows = stdout.match(/^\d\d:\d\d:\d\d direct +fragment .* 0\/DMA32 +9 .*$/gm) ?? [];
    assert.ok(rows.length > 0, stdout + stderr);
    const [, all] = /(\d+) compactions, \d+ of them direct: somebody waited/.exec(stderr) ?? [];
    assert.match(stderr, new RegExp(`the receiver has ${all} spans`));
    assert.match(stderr, new RegExp(`${all} compactions, 0 lost`));
    assert.match(stdout, /^compaction direct +\S+ (ms|us|s)$/m);
    // The longest one may be khugepaged's.
    assert.match(stdout, /^ +(do_huge_pmd_anonymous_page|collapse_huge_page)\+0x/m);
  });
}
