// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { host } from '../../../../src/doctor/host.ts';
import { guessedOfHost } from '../../../../src/sinks/otlp/host-names.ts';
import { hostResource } from '../../../../src/sinks/otlp/host-resource.ts';
import { folderWith } from '../../doctor/host-files.ts';

const FIRST = 'uts:[4026531838]';
const OTHER = 'uts:[4026532281]';

function namespace(t: TestContext, text: string): string {
  const at = folderWith(t, { file: '' });
  symlinkSync(text, at('uts'));
  return at('uts');
}

describe('what is only guessed of the host', () => {
  it('nothing in the first UTS namespace, and on a kernel without them', (t) => {
    assert.deepEqual(guessedOfHost({}, namespace(t, FIRST)), []);
    assert.deepEqual(guessedOfHost({}, '/nonexistent'), []);
  });

  it('name and id in another one, unless the user sets them', (t) => {
    assert.deepEqual(guessedOfHost({}, namespace(t, OTHER)), ['host.name', 'host.id']);
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=node-7' };
    assert.deepEqual(guessedOfHost(env, namespace(t, OTHER)), ['host.id']);
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

it('the host’s resource has no empty values', async () => {
  const { attributes } = await hostResource({}, ['host', 'os', 'serviceinstance', 'env']);
  assert.deepEqual(
    Object.entries(attributes).filter(([, value]) => value === ''),
    [],
  );
});
