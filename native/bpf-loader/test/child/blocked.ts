// SPDX-License-Identifier: Apache-2.0
// Cannot give up privileges while a thread blocks signals (blocking-thread.c), and lives on when it does not any more.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { giveUpPrivileges } from '../../src/index.ts';
import { until } from '../support.ts';

assert.throws(() => process.dlopen({ exports: {} }, process.argv[2]!), /did not self-register/);
try {
  giveUpPrivileges();
} catch (error) {
  console.log((error as Error).message);
}
const file = process.env.UNBLOCK!;
writeFileSync(file, '');
await until('the thread takes its signals', () => !existsSync(file));
console.log('lives');
