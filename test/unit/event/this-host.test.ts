// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { host } from '../../../src/doctor/host.ts';
import { thisHost } from '../../../src/event/this-host.ts';
import { hostResource } from '../../../src/sinks/otlp/host-resource.ts';
import { folderWith } from '../doctor/host-files.ts';

const FIRST = 'uts:[4026531838]';
const OTHER = 'uts:[4026532281]';

function namespace(t: TestContext, text: string): string {
  const at = folderWith(t, { file: '' });
  symlinkSync(text, at('uts'));
  return at('uts');
}

describe('what is only guessed of the host', () => {
  it('nothing in the first UTS namespace, and on a kernel without them', (t) => {
    assert.equal(thisHost({}, namespace(t, FIRST)).guessed, undefined);
    assert.equal(thisHost({}, '/nonexistent').guessed, undefined);
  });

  it('name and id in another one, unless the user sets them', (t) => {
    assert.deepEqual(thisHost({}, namespace(t, OTHER)).guessed, ['name', 'id']);
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=node-7' };
    const { name, guessed } = thisHost(env, namespace(t, OTHER));
    assert.deepEqual([name, guessed], ['node-7', ['id']]);
  });

  it('doctor warns, with the variable', async (t) => {
    const finding = await host({ OTEL_RESOURCE_ATTRIBUTES: 'host.name=node-7' }, namespace(t, OTHER));
    assert.equal(finding.status, 'warn');
    assert.match(finding.why, /^host\.name is node-7, .* in its own UTS namespace/);
    assert.equal('todo' in finding && finding.todo, "Set OTEL_RESOURCE_ATTRIBUTES=host.id=... to the host's.");
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=node-7,host.id=f00' };
    assert.deepEqual(await host(env, namespace(t, OTHER)), {
      ...{ status: 'ok', why: 'host.name is node-7, host.id is f00.' },
    });
  });

  it('a variable that cannot be read is for another check', async (t) => {
    const finding = await host({ OTEL_RESOURCE_ATTRIBUTES: 'a' }, namespace(t, FIRST));
    assert.deepEqual(finding, { status: 'ok', why: 'unknown: the check `collector` says why.' });
  });
});

it('this host has the name and id of OpenTelemetry’s detector, unless the user sets others', async () => {
  const { attributes } = await hostResource({}, ['host']);
  const { name, id } = thisHost({}, '/nonexistent');
  assert.deepEqual([name, id], [attributes['host.name'], attributes['host.id']]);
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=node%207,host.id=f00' };
  assert.deepEqual(thisHost(env, '/nonexistent'), { name: 'node 7', id: 'f00' });
});

it('the host’s resource has no empty values', async () => {
  const { attributes } = await hostResource({}, ['host', 'os', 'serviceinstance', 'env']);
  assert.deepEqual(
    Object.entries(attributes).filter(([, value]) => value === ''),
    [],
  );
});
