// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

const MODULE = import.meta.resolve('../../../src/host/descriptors.ts');
const CODE = `
import { readdirSync, readlinkSync } from 'node:fs';
import { checkDescriptors } from '${MODULE}';
try { checkDescriptors(); console.log('enough'); } catch (error) { console.log(error.exitCode + ' ' + error.message); }
const target = (file) => { try { return readlinkSync('/proc/self/fd/' + file); } catch {} };
if (readdirSync('/proc/self/fd').some((file) => target(file) === '/')) console.log('left open');
`;
const under = (limit: number) =>
  spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" --input-type=module --eval "$1"`, process.execPath, CODE], {
    encoding: 'utf8',
  }).stdout;

it('enough descriptors pass, and are closed again', () => assert.equal(under(256), 'enough\n'));

it('too few are reported with both numbers, exit code 3', () => {
  assert.match(
    under(64),
    /^3 only \d\d? more files can be opened, but 80 are needed\. Raise the limit of open files: .*\n$/,
  );
});
