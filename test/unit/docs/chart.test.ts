// SPDX-License-Identifier: Apache-2.0
// The Helm chart's version, and that its schema knows each of its values.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { readText } from './messages.ts';

const chart = parse(readText('packaging/chart/Chart.yaml'));
const values = parse(readText('packaging/chart/values.yaml'));
const schema = JSON.parse(readText('packaging/chart/values.schema.json'));

it('the chart and the agent in it have the version of the package', () => {
  const { version } = JSON.parse(readText('package.json'));
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
});

it('each value has a default and a place in the schema, which refuses any other', () => {
  assert.deepEqual([...Object.keys(values), 'global'].sort(), Object.keys(schema.properties).sort());
  const privileged = { ...values, privileged: true };
  const ajv = new Ajv({ strict: false });
  assert.ok(ajv.validate(schema, values), ajv.errorsText());
  assert.ok(!ajv.validate(schema, privileged));
});
