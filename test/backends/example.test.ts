// SPDX-License-Identifier: Apache-2.0
// `npm run example` on this host, complete and interrupted: nothing stays behind.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { waitUntil } from '../../harness/child.ts';
import { capabilities } from '../support/deprived.ts';
import { nothingIsLeft, Run, running, settings } from '../support/example.ts';
import { assertTrees } from '../support/example-trees.ts';

const GIVE_UP_MS = 60_000;

describe('the example', () => {
  it('prints a request of each service with its stalls, as Jaeger has it', async () => {
    const before = settings();
    const run = new Run();
    await run.said('2 at once');
    // Otherwise nothingIsLeft would prove nothing.
    const programs = running().join('\n');
    for (const program of ['collector', 'jaeger', 'compactstall.js', 'server.js', 'c-service']) {
      assert.ok(programs.includes(program), `${program} is not in ${programs}`);
    }
    assert.equal(await run.ended, 0, run.stderr);
    assert.match(run.stderr, / \d+ compactions, 0 lost$/m);
    assert.match(run.stderr, / \d+ stalls are in their requests' traces; \d+ came before/);
    // There may be fewer than one for each zone: the agent may have identified the service between two of them.
    assertTrees(run.stdout, 'compaction manual, whole zone, \\w+: \\w+', /^ +│? +compact_(node|store)\+0x/m);
    await nothingIsLeft(before);
  });

  for (const [when, name, whom, code] of [
    ['starting a collector', 'SIGINT', 'process', 130],
    ['compactstall is attached', 'SIGTERM', 'process', 143],
    ['the services accept requests', 'SIGINT', 'process', 130],
    ['2 at once', 'SIGINT', 'group', 130],
  ] as const) {
    it(`leaves nothing behind at ${name} to its ${whom} after "${when}"`, async () => {
      const before = settings();
      const run = new Run();
      await run.said(when);
      run.signal(name, whom);
      assert.equal(await run.ended, code, run.stderr);
      assert.equal(run.stdout, '');
      await nothingIsLeft(before);
    });
  }

  it('ends by Ctrl-C, and not by the failure of a program that Ctrl-C also ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-make-'));
    const slowly = join(folder, 'slowly.mk');
    writeFileSync(slowly, `$(shell touch ${folder}/begun; sleep ${GIVE_UP_MS / 1000})\n`);
    try {
      const before = settings();
      const run = new Run([], { env: { MAKEFILES: slowly } });
      await waitUntil(
        () => existsSync(`${folder}/begun`) || undefined,
        GIVE_UP_MS,
        () => `make has not begun: ${run.stderr}`,
      );
      run.signal('SIGINT', 'group');
      assert.equal(await run.ended, 130, run.stderr);
      assert.equal(run.stderr, 'example: ended by SIGINT\n');
      await nothingIsLeft(before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('leaves nothing behind when it fails', async () => {
    const before = settings();
    const run = new Run([], { under: capabilities('-bpf,-perfmon,-sys_admin') });
    assert.equal(await run.ended, 1);
    assert.match(run.stderr, /example: compactstall ended with exit code 3 before it was ready/);
    await nothingIsLeft(before);
  });
});
