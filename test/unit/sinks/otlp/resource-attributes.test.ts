// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { resourceAttributesEnvDetector } from '@opentelemetry/resources';
import { checkEnvironment } from '../../../../src/sinks/otlp/check.ts';
import { withEnvironment } from '../../../../src/sinks/otlp/environment.ts';
import { hostResource } from '../../../../src/sinks/otlp/host-resource.ts';
import { readResourceAttributes } from '../../../../src/sinks/otlp/resource-attributes.ts';

const read = (text: string) => readResourceAttributes({ OTEL_RESOURCE_ATTRIBUTES: text });
const refusal = (text: string): string => {
  try {
    checkEnvironment({ OTEL_RESOURCE_ATTRIBUTES: text });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

it('a bad pair is refused by its number, without its value', () => {
  assert.equal(
    refusal('k8s.node.name=n7,note=a=b'),
    "OTEL_RESOURCE_ATTRIBUTES: pair 2 is not name=value; write '=' in a value as %3D, and ',' as %2C.",
  );
  assert.match(refusal('SECRET'), /^OTEL_RESOURCE_ATTRIBUTES: pair 1 is not name=value/);
  assert.equal(refusal('a=1,=SECRET'), 'OTEL_RESOURCE_ATTRIBUTES: pair 2 has no name.');
  assert.equal(refusal('a=SECRET%'), 'OTEL_RESOURCE_ATTRIBUTES: pair 1 is not percent-encoded UTF-8; write % as %25.');
});

it('what is taken reads as the SDK reads it; what is refused, the SDK drops as a whole', () => {
  const pieces = ['a', 'b.c', '=', '=', ',', ' ', '%3D', '%2c', '%C3%A9', '%', '%ff', 'é', '1'];
  // Every text of up to four pieces.
  for (let n = 1, texts = pieces; n <= 4; n++, texts = texts.flatMap((text) => pieces.map((piece) => text + piece))) {
    if (n === 4) texts = texts.filter((_, i) => i % 7 === 0);
    for (const text of texts) {
      const theirs = withEnvironment({ OTEL_RESOURCE_ATTRIBUTES: text }, () => resourceAttributesEnvDetector.detect())
        .attributes as Record<string, string>;
      if (refusal(text)) assert.deepEqual(theirs, {}, text);
      else assert.deepEqual(read(text), Object.fromEntries(Object.entries(theirs).filter(([, value]) => value)), text);
    }
  }
});

it('the resource has them, without those that are empty; OTEL_SERVICE_NAME comes last', async () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,k8s.node.name=n7,host.id=', OTEL_SERVICE_NAME: ' b ' };
  const { attributes } = await hostResource(env, ['env']);
  assert.equal(attributes['service.name'], 'b');
  assert.equal(attributes['k8s.node.name'], 'n7');
  assert.ok(!('host.id' in attributes));
});
