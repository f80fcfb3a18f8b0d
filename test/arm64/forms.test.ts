// SPDX-License-Identifier: Apache-2.0
// What is installed on arm64: each form, in a Debian that has no Node.js, or in a root file system in it, in machines.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARM64_MACHINES, type Arm64Form, arm64Forms, inArm64Machine } from '../../harness/forms/arm64.ts';
import type { Form } from '../../harness/forms/form.ts';
import type { Check } from '../../src/doctor/check.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { AT_ONCE } from '../vm/subtests.ts';

const GUEST = fileURLToPath(new URL('guest/form.sh', import.meta.url));
/** A limit that only a hang reaches. */
const LIMIT_MS = 900_000;

/** What the machine reports of a form, a line each. */
type Line = { doctor: { checks: readonly Check[] }; code: number } | { event: CompactionEvent } | { ended: number };

const folder = mkdtempSync(join(tmpdir(), 'compactstall-forms-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));
/** Made before the first machine boots, as this thread does nothing else meanwhile. */
let made: Readonly<Record<Arm64Form, Form>>;
before(() => {
  made = arm64Forms(folder);
});

async function tryForms(t: TestContext, name: string, wanted: readonly Arm64Form[]): Promise<void> {
  const forms = wanted.map((form) => made[form]);
  const command = ({ install, start }: Form, script: string) => `${install}; ${script} ${start}`;
  const say = (message: string) => t.diagnostic(message);
  const machine = inArm64Machine(name, forms, GUEST, command, { limitMs: LIMIT_MS, say });
  const lines: Line[] = [];
  for (;;) {
    const { done, value } = await machine.next();
    if (done) {
      assert.equal(value, 0, 'exit status of the forms');
      break;
    }
    lines.push(JSON.parse(value) as Line);
  }
  for (const form of wanted) {
    await t.test(form, () => {
      // One zone has all memory there.
      const [said, row, end] = lines.splice(0, 3);
      assert.ok(said && 'doctor' in said && row && 'event' in row && end && 'ended' in end, JSON.stringify(lines));
      const others = said.doctor.checks.filter(({ status }) => status !== 'ok').map(({ id }) => id);
      // The machine has no /etc/machine-id.
      assert.deepEqual([said.code, others], [0, ['host']]);
      // Nothing was lost.
      assert.equal(end.ended, 0);
      // Its executable is not waited for longer than an emulated prober may take; doctor has seen that the prober answers.
      const { trigger, comm, stack } = row.event;
      assert.deepEqual([trigger, comm], ['manual', 'form.sh']);
      assert.match(stack?.[0] ?? '', /compact_zone\+0x/);
    });
  }
  assert.deepEqual(lines, []);
}

describe(`on arm64, ${AT_ONCE} machines at once`, { concurrency: AT_ONCE }, () => {
  for (const [name, forms] of Object.entries(ARM64_MACHINES)) {
    it(`Linux ${name}`, (t) => tryForms(t, name, forms));
  }
});
