// SPDX-License-Identifier: Apache-2.0
// Each variable of the specification makes the difference, or none, that docs/configuration.md says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FILES, STANDARD_VARIABLES } from '../../../docs/generate/standard-variables.ts';
import { readLogSettings } from '../../../src/logs/settings.ts';
import { metricExporters } from '../../../src/metrics/configured.ts';
import { readMetricSettings } from '../../../src/metrics/settings.ts';
import { otlpConfigured, turnedOffBy } from '../../../src/sinks/otlp/configured.ts';
import { readConnection } from '../../../src/sinks/otlp/connection.ts';
import { readLimits } from '../../../src/sinks/otlp/limits.ts';
import { readResourceAttributes } from '../../../src/sinks/otlp/resource-attributes.ts';
import { readSettings } from '../../../src/sinks/otlp/settings.ts';
import { LOGS, METRICS, TRACES } from '../../../src/sinks/otlp/signal.ts';
import { fixture } from '../fixtures.ts';

const PATHS: Record<string, string> = {
  [FILES.certificate]: fixture('tls/own.pem').pathname,
  [FILES.key]: fixture('tls/own.key').pathname,
};
const withPaths = (env: Record<string, string>) =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, PATHS[value] ?? value]));

const BASE = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://h:1',
  OTEL_METRICS_EXPORTER: 'otlp,prometheus',
  OTEL_LOGS_EXPORTER: 'otlp',
};

/** All that the agent reads of an environment. */
function reading(env: NodeJS.ProcessEnv): string {
  return JSON.stringify([
    otlpConfigured(env),
    turnedOffBy(env),
    metricExporters(env),
    readSettings(env),
    readConnection(env, TRACES),
    readConnection(env, METRICS),
    readConnection(env, LOGS),
    readLimits(env),
    readResourceAttributes(env),
    readMetricSettings(env),
    readLogSettings(env),
  ]);
}

describe('each variable of the standard', () => {
  for (const { names, value, beside = {}, becomes } of STANDARD_VARIABLES) {
    for (const name of names) {
      it(`${name}=${value} is ${becomes}`, () => {
        const { [name]: _, ...others } = withPaths({ ...BASE, ...beside });
        const env = { ...others, ...withPaths({ [name]: value }) };
        if (becomes === 'refused') {
          assert.throws(() => reading(env), { exitCode: 2, message: new RegExp(`^${name}: `) });
        } else if (becomes === 'unused') {
          assert.equal(reading(env), reading(others));
        } else if (/CLIENT_(CERTIFICATE|KEY)$/.test(name)) {
          // One without the other is refused, if no variable for all signals has it.
          const single = Object.fromEntries(
            Object.entries(env).filter(([other]) => !/CLIENT/.test(other) || other === name),
          );
          assert.throws(() => reading(single), { exitCode: 2, message: new RegExp(`^${name}: `) });
          reading(env);
        } else {
          assert.notEqual(reading(env), reading(others));
        }
      });
    }
  }
});
