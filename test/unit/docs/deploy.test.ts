// SPDX-License-Identifier: Apache-2.0
// What docs/deploy.md repeats: the unit, and the capabilities, which are named for four ways to run there and in the values of the chart.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readText } from './messages.ts';

const DEPLOY = readText('docs/deploy.md');
/** Capabilities for a root that becomes another user. */
const FOR_ROOT = ['CAP_SETGID', 'CAP_SETUID'];
/** Needed on some kernels only, which the table names. */
const SOMETIMES = ['CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE'];

const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
const table = sorted(
  [...DEPLOY.matchAll(/^\| (`CAP_[^|]+) \|/gm)].flatMap(([, cell]) => cell!.match(/CAP_\w+/g)!),
).filter((name) => !SOMETIMES.includes(name));
const withoutRoot = table.filter((name) => !FOR_ROOT.includes(name));

it('docs/deploy.md shows the unit that is shipped', () => {
  const [license, unit] = readText('packaging/systemd/compactstall.service').split(/(?<=^# SPDX.*\n)/);
  assert.equal(license, '# SPDX-License-Identifier: Apache-2.0\n');
  assert.ok(DEPLOY.includes(`\`\`\`ini\n${unit}\`\`\`\n`), unit);
});

it('the unit has no line that it says it must not have', () => {
  const unit = readText('packaging/systemd/compactstall.service');
  const [, listed] = unit.split('# These must not be here:\n');
  const names = [...listed!.matchAll(/^# (\w+)=/gm)].map(([, name]) => name!);
  assert.ok(names.includes('ProtectHostname'));
  for (const name of names) assert.doesNotMatch(unit, new RegExp(`^${name}=`, 'm'));
});

describe('the capabilities of docs/deploy.md', () => {
  it('in the table are those that doctor knows', () => {
    const known = readText('src/host/capabilities.ts')
      .match(/^ {2}CAP_\w+/gm)!
      .map((name) => name.trim());
    assert.deepEqual(table, known.filter((name) => name !== 'CAP_SYS_ADMIN').sort());
  });

  it('in the unit are those of the table', () => {
    for (const directive of ['AmbientCapabilities', 'CapabilityBoundingSet']) {
      const [, words] = new RegExp(`^${directive}=(.+)$`, 'm').exec(DEPLOY)!;
      assert.deepEqual(sorted(words!.split(' ')), withoutRoot);
    }
  });

  it('in the command of setpriv are those of the table', () => {
    const [, words] = /^caps=-all,(.+)$/m.exec(DEPLOY)!;
    assert.deepEqual(sorted(words!.split(',').map((word) => `CAP_${word.slice(1).toUpperCase()}`)), withoutRoot);
  });

  it('in the command of docker are those of the table, and those for root', () => {
    const flags = [...DEPLOY.matchAll(/--cap-add (\w+)/g)].map(([, name]) => `CAP_${name}`);
    assert.deepEqual(sorted(flags), table);
  });

  it('in the chart are those of the table, and those for root, each with its reason', () => {
    const values = readText('packaging/chart/values.yaml');
    const { drop, add } = parse(values).securityContext.capabilities;
    assert.deepEqual(drop, ['ALL']);
    assert.deepEqual(sorted(add.map((name: string) => `CAP_${name}`)), table);
    // The two for another user have one reason.
    const reasoned = [...values.matchAll(/^ {6}# .*Without .*\n {6}- (\w+)$/gm)].map(([, name]) => `CAP_${name}`);
    assert.deepEqual(sorted([...reasoned, 'CAP_SETGID']), table);
  });
});
