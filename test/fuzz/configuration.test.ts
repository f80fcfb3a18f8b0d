// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CONFIG_OPTIONS } from '../../src/cli/compactstall-options.ts';
import { readSettings } from '../../src/cli/file-options.ts';
import { EXIT, UserError } from '../../src/errors.ts';
import { anyText, mutatedJson, mutatedText, noise } from './arbitraries.ts';
import { property, refusingLater } from './property.ts';
import { scratchFolder } from './scratch.ts';

const file = join(scratchFolder(), 'agent.yaml');
const EXAMPLE = readFileSync(new URL('../../examples/compactstall.yaml', import.meta.url), 'utf8');

const isOwn = (error: Error) =>
  error instanceof UserError && error.exitCode === EXIT.USAGE && error.message.length < 2000;

async function assertRead(content: string | Buffer): Promise<void> {
  writeFileSync(file, content);
  const settings = await refusingLater(
    () => readSettings(CONFIG_OPTIONS, { config: file }, { HOSTNAME: 'a', TOKEN: 'x: [1' }),
    isOwn,
  );
  if (settings === undefined) return;
  assert.ok(settings.environments.length > 0);
  for (const env of settings.environments) for (const value of Object.values(env)) assert.equal(typeof value, 'string');
}

const SLOW = { share: 0.02 };
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: variables of a configuration file
const YAML = [
  '&a ',
  '*a',
  '<<: *a',
  '- ',
  '? ',
  '!!binary ',
  '|\n',
  '>-\n  ',
  '\n  - ',
  '%YAML 1.1\n---\n',
  '---\n',
  '${TOKEN}',
  '${NONE:-5}',
  '${',
  '$$',
  '# ',
  '{a: [',
  'null',
  '~',
  '0x1f',
  '.inf',
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: variables of a configuration file

property('an example with changed characters', mutatedText(fc.constant(EXAMPLE), YAML), assertRead, SLOW);

property(
  'any characters, and any bytes',
  fc.oneof(
    anyText(100),
    noise(100),
    fc.array(fc.constantFrom(...YAML, 'a: ', '\n'), { maxLength: 12 }).map((all) => all.join('')),
  ),
  assertRead,
  SLOW,
);

const MODEL = {
  file_format: '1.0',
  disabled: false,
  resource: { attributes: [{ name: 'a', value: 'b' }], attributes_list: 'c=d' },
  tracer_provider: {
    processors: [
      {
        batch: {
          schedule_delay: 1000,
          exporter: { otlp_grpc: { endpoint: 'http://localhost:4317', headers: [{ name: 'a', value: 'b' }] } },
        },
      },
    ],
    sampler: { parent_based: { root: { trace_id_ratio_based: { ratio: 0.5 } } } },
    limits: { attribute_count_limit: 64 },
  },
  meter_provider: {
    readers: [
      { periodic: { interval: 5000, exporter: { otlp_http: { endpoint: 'http://localhost:4318/v1/metrics' } } } },
      { pull: { exporter: { 'prometheus/development': { port: 9464 } } } },
    ],
  },
  logger_provider: { processors: [{ batch: { exporter: { otlp_grpc: {} } } }] },
  'instrumentation/development': {
    js: {
      compactstall: {
        output: ['table', 'json:events'],
        min_duration: '10ms',
        trigger: ['direct'],
        pid: 1,
        verify: true,
      },
    },
  },
};

property(
  'a model with changed values',
  mutatedJson(fc.constant(MODEL)).map((model) => JSON.stringify(model, null, 1)),
  assertRead,
  SLOW,
);
