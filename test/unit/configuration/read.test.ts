// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readLimits } from '../../../src/sinks/otlp/limits.ts';
import { readResourceAttributes } from '../../../src/sinks/otlp/resource-attributes.ts';
import { readSettings } from '../../../src/sinks/otlp/settings.ts';
import { fileOf, read, refusal } from './file.ts';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const grpc = (endpoint: string, more: object = {}) => ({
  batch: { exporter: { otlp_grpc: { endpoint, ...more } } },
});
const spans = (...processors: object[]) => fileOf({ tracer_provider: { processors } });

describe('a variable of the process counts before the file', () => {
  const file = spans(grpc('http://file:1', { headers_list: 'a=file', compression: 'gzip' }));

  it('one by one', async (t) => {
    const { environments } = await read(t, file, { [ENDPOINT]: 'http://process:2' });
    assert.equal(environments[0]![ENDPOINT], 'http://process:2');
    assert.equal(environments[0]!.OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, 'gzip');
  });

  it('also one for all signals before the file’s for one', async (t) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://process:2', OTEL_EXPORTER_OTLP_HEADERS: 'b=process' };
    const { environments } = await read(t, file, env);
    assert.equal(environments[0]![ENDPOINT], undefined);
    assert.equal(environments[0]!.OTEL_EXPORTER_OTLP_TRACES_HEADERS, undefined);
  });

  it('not if it is blank', async (t) => {
    const { environments } = await read(t, file, { OTEL_EXPORTER_OTLP_ENDPOINT: '  ' });
    assert.equal(environments[0]![ENDPOINT], 'http://file:1');
  });

  it('a sampler has its own argument', async (t) => {
    const sampler = { trace_id_ratio_based: { ratio: 0.1 } };
    const sampled = fileOf({ tracer_provider: { processors: [grpc('http://file:1')], sampler } });
    const { environments } = await read(t, sampled, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' });
    assert.deepEqual(readSettings(environments[0]!).sampler, { root: 'traceidratio', ratio: 1, parentBased: true });
    const argument = await read(t, sampled, { OTEL_TRACES_SAMPLER_ARG: '0.7' });
    assert.equal(readSettings(argument.environments[0]!).sampler.ratio, 0.7);
  });

  it('a limit for all attributes before the file’s for spans', async (t) => {
    const limits = { attribute_count_limit: 5 };
    const limited = fileOf({ tracer_provider: { processors: [grpc('http://file:1')], limits } });
    assert.equal(readLimits((await read(t, limited)).environments[0]!).attributes, 5);
    const { environments } = await read(t, limited, { OTEL_ATTRIBUTE_COUNT_LIMIT: '9' });
    assert.equal(readLimits(environments[0]!).attributes, 9);
  });

  it('except for attributes of the resource, which are merged', async (t) => {
    const attributes = [
      { name: 'a', value: 'file' },
      { name: 'b', value: 'file' },
    ];
    const file = fileOf({ resource: { attributes_list: 'a=list,c=list', attributes } });
    const { environments } = await read(t, file, { OTEL_RESOURCE_ATTRIBUTES: 'b=process' });
    assert.deepEqual(readResourceAttributes(environments[0]!), { a: 'file', b: 'process', c: 'list' });
  });

  it('the process’s environment stays as it is', async (t) => {
    const env = { OTHER: '1' };
    await read(t, file, env);
    assert.deepEqual(env, { OTHER: '1' });
  });
});

describe('several places', () => {
  it('each span processor has its own variables, and those for all', async (t) => {
    const processors = [grpc('http://a:1', { headers_list: 'x=1' }), grpc('http://b:2')];
    const file = fileOf({ tracer_provider: { processors }, log_level: 'warn' });
    const { environments } = await read(t, file);
    assert.deepEqual(
      environments.map((env) => [env[ENDPOINT], env.OTEL_EXPORTER_OTLP_TRACES_HEADERS, env.OTEL_LOG_LEVEL]),
      [
        ['http://a:1', 'x=1', 'warn'],
        ['http://b:2', undefined, 'warn'],
      ],
    );
  });

  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', ENDPOINT, 'OTEL_BSP_MAX_QUEUE_SIZE']) {
    it(`${name} does not say which it means`, async (t) => {
      const file = spans(grpc('http://a:1'), grpc('http://b:2'));
      await assert.rejects(read(t, file, { [name]: '1' }), {
        exitCode: 2,
        message: new RegExp(`^${name}: .*2 span processors`),
      });
      await read(t, file, { OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=b' });
    });
  }

  it('headers count before headers_list, in any order', async (t) => {
    const headers = [{ name: 'a', value: '2' }];
    const { environments } = await read(t, spans(grpc('http://a:1', { headers, headers_list: 'a=1' })));
    assert.equal(environments[0]!.OTEL_EXPORTER_OTLP_TRACES_HEADERS, 'a=1,a=2');
  });

  it('metrics: one reader of each kind, with one interval', async (t) => {
    const otlp = { periodic: { interval: 5000, exporter: { otlp_grpc: null } } };
    const console = { periodic: { exporter: { console: null } } };
    const prometheus = { pull: { exporter: { 'prometheus/development': null } } };
    const file = (...readers: object[]) => fileOf({ meter_provider: { readers } });
    const { environments } = await read(t, file(otlp, console, prometheus));
    assert.equal(environments[0]!.OTEL_METRICS_EXPORTER, 'otlp,console,prometheus');
    const twice = await refusal(t, file(otlp, { periodic: { exporter: { otlp_grpc: null } } }));
    assert.match(twice.join(), /^\d+:\d+: otlp_grpc cannot be honoured: .*:\d+:\d+ has one already\.$/);
    const other = await refusal(t, file(otlp, { periodic: { interval: 1, exporter: { console: null } } }));
    assert.match(other.join(), /^\d+:\d+: interval cannot be honoured: the agent has one value for all readers, and /);
  });
});

describe('a file that cannot be used', () => {
  const cases: readonly (readonly [what: string, text: string, ...sentences: string[]])[] = [
    [
      'is not YAML',
      "file_format: '1.0'\ndisabled: [\n",
      '3:1: Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
    ['has a key twice', "file_format: '1.0'\ndisabled: true\ndisabled: false\n", '3:1: Map keys must be unique.'],
    ['is empty', '', "1:1: the file has no file_format that is known here; begin the file with file_format: '1.0'."],
    [
      'has another format',
      "disabled: true\nfile_format: '2.0'\n",
      "2:1: the file has no file_format that is known here; begin the file with file_format: '1.0'.",
    ],
    [
      'has unknown keys: all are reported, in order',
      "file_format: '1.0'\nlog_levl: info\ntracer_provider:\n  processors:\n    - batch:\n        exporterr:\n          otlp_grpc:\n",
      '2:1: unknown key log_levl; did you mean log_level?',
      '6:9: unknown key exporterr; did you mean exporter?',
    ],
    [
      'has a key where the standard allows components of others',
      "file_format: '1.0'\ntracer_provider:\n  processors:\n    - batch: { exporter: { zipkin: {} } }\n",
      '4:28: unknown key zipkin; expected one of otlp_http, otlp_grpc, otlp_file/development, console.',
    ],
    [
      'has an unknown key and a wrong type',
      "file_format: '1.0'\nattribute_limits:\n  attribute_count_limit: many\nother: 1\n",
      '3:3: attribute_count_limit must be a whole number.',
      '4:1: unknown key other; expected one of file_format, disabled, log_level, attribute_limits, logger_provider, meter_provider, propagator, tracer_provider, resource, instrumentation/development, distribution.',
    ],
    [
      'has a wrong word',
      "file_format: '1.0'\nlog_level: eror\n",
      '2:1: log_level has another value; did you mean error?',
    ],
    [
      'lacks a key',
      "file_format: '1.0'\ntracer_provider:\n  processors:\n    - batch: {}\n",
      '4:7: batch has no exporter; add it.',
    ],
    [
      'has two exporters in one processor',
      spansOf('{ otlp_grpc: , otlp_http: }'),
      '4:16: exporter has more than one key; keep one.',
    ],
    [
      'has a misspelt variable',
      `file_format: '1.0'\nresource:\n  attributes_list: \${A B}\n`,
      `3:20: \${A B} names no variable; write \${NAME} or \${NAME:-default}, and $$ for a $.`,
    ],
    [
      'has a value that a variable cannot have',
      spansOf('{ otlp_grpc: { timeout: 0 } }'),
      '4:41: timeout: must be a whole number from 1 to 2147483647.',
    ],
    [
      'lacks a key file',
      spansOf('{ otlp_grpc: { tls: { cert_file: /no/such } } }'),
      '4:48: cert_file: the file cannot be read (no such file or directory); name a readable PEM file.',
    ],
    [
      'has an attribute that is not text',
      "file_format: '1.0'\nresource:\n  attributes:\n    - { name: a, value: 3 }\n",
      '3:3: attributes cannot be honoured: the value of a is not text; quote it, and leave type out.',
    ],
    [
      'asks for a detector that the agent lacks',
      "file_format: '1.0'\nresource:\n  detection/development:\n    detectors: [{ container: }]\n",
      '4:5: detectors cannot be honoured: the agent has no detector container; expected some of host, process, service.',
    ],
    [
      'has a sampler that is not followed',
      `${spansOf('{ otlp_grpc: }')}  sampler: { parent_based: { remote_parent_sampled: { always_off: } } }\n`,
      '5:14: parent_based cannot be honoured: remote_parent_sampled is always always_on; leave it out.',
    ],
    [
      'misspells the agent’s own node',
      "file_format: '1.0'\ninstrumentation/development:\n  js:\n    compactstal: {}\n    express: {}\n",
      '4:5: unknown key compactstal; did you mean compactstall?',
    ],
  ];
  for (const [what, text, ...sentences] of cases) {
    it(what, async (t) => assert.deepEqual(await refusal(t, text), sentences));
  }

  it('an alias is where it is used', async (t) => {
    const text = `file_format: '1.0'\ntracer_provider:\n  processors:\n    - batch: &b { exporter: { otlp_grpc: { timeout: 0 } } }\n    - batch: *b\n`;
    assert.match((await refusal(t, text)).join(), /^4:\d+: timeout: must be a whole number/);
  });

  it('never quotes what a variable holds', async (t) => {
    process.env.COMPACTSTALL_TEST_SECRET = 'hunter2';
    t.after(() => delete process.env.COMPACTSTALL_TEST_SECRET);
    for (const text of [
      `file_format: '1.0'\nlog_level: \${COMPACTSTALL_TEST_SECRET}\n`,
      `file_format: '1.0'\nattribute_limits: { attribute_count_limit: '\${COMPACTSTALL_TEST_SECRET}' }\n`,
      spansOf(`{ otlp_grpc: { endpoint: "x://\${COMPACTSTALL_TEST_SECRET}" } }`),
      spansOf(`{ otlp_grpc: { headers_list: "\${COMPACTSTALL_TEST_SECRET}" } }`),
      spansOf(`{ otlp_grpc: { compression: "\${COMPACTSTALL_TEST_SECRET}" } }`),
      `file_format: '1.0'\nresource: { attributes_list: '\${COMPACTSTALL_TEST_SECRET}' }\n`,
    ]) {
      const sentences = await refusal(t, text);
      assert.equal(sentences.length, 1, text);
      assert.doesNotMatch(sentences.join(), /hunter2/);
    }
  });
});

function spansOf(exporter: string): string {
  return `file_format: '1.0'\ntracer_provider:\n  processors:\n    - batch: { exporter: ${exporter} }\n`;
}

describe('the documents', () => {
  it('have files that can be used', async (t) => {
    const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const files = [...document.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text!);
    assert.equal(files.length, 2);
    const tls = new URL('../../fixtures/tls/', import.meta.url).pathname;
    for (const file of files) {
      const here = file
        .replaceAll('/etc/compactstall/agent', `${tls}own`)
        .replaceAll('/etc/compactstall/ca', `${tls}other`);
      const { unused } = await read(t, here);
      assert.deepEqual(unused, []);
    }
  });
});
