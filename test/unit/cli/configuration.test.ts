// SPDX-License-Identifier: Apache-2.0
// The configuration file as the built commands use it, with real receivers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { CONFIG_OPTIONS, RUN_OPTIONS } from '../../../src/cli/compactstall-options.ts';
import { keyOf } from '../../../src/cli/file-options.ts';
import { type Option, textWithout } from '../../../src/cli/options.ts';
import { readLimits } from '../../../src/sinks/otlp/limits.ts';
import { readSettings } from '../../../src/sinks/otlp/settings.ts';
import { runToEnd } from '../../support/agent.ts';
import { fixture, snoopEvents, temporaryFolder } from '../fixtures.ts';
import { startGrpcServer } from '../sinks/otlp/grpc-server.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const EXAMPLE = fileURLToPath(new URL('../../../examples/compactstall.yaml', import.meta.url));
const SECRET = 'hunter2';
const NODE = { kind: 'string', value: 'n7' };

const own = (options: string) => `instrumentation/development: { js: { compactstall: { ${options} } } }\n`;

function fileWith(t: TestContext, text: string): string {
  const file = temporaryFolder(t)('agent.yaml');
  writeFileSync(file, `file_format: '1.0'\n${text}`);
  return file;
}

const processor = (port: number, more = '') =>
  `    - batch: { exporter: { otlp_grpc: { endpoint: 'http://127.0.0.1:${port}'${more} } } }\n`;

describe('replay with a file', () => {
  it('sends spans to both exporters, each with its own headers, and counts each', async (t) => {
    const servers = [await startGrpcServer(t), await startGrpcServer(t)];
    const [a, b] = servers.map(({ port }) => port) as [number, number];
    const processors = processor(a, `, headers: [{ name: api-key, value: '\${KEY}' }]`) + processor(b);
    const file = fileWith(t, `tracer_provider:\n  processors:\n${processors}${own('output: none')}`);
    const { code, stdout, stderr } = await runToEnd(['replay', RECORDING, '--config', file], { env: { KEY: SECRET } });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
    const sent = snoopEvents().length;
    assert.deepEqual(
      servers.map(({ spans }) => spans.length),
      [sent, sent],
    );
    assert.deepEqual(
      servers.map(({ metadata }) => metadata[0]!.get('api-key')),
      [[SECRET], []],
    );
    assert.match(stderr, new RegExp(`decoded +${sent} = ${sent} exported by otlp \\+ 0 dropped \\+ 0 queued`));
    assert.match(stderr, new RegExp(`decoded +${sent} = ${sent} exported by otlp_2 \\+ 0 dropped \\+ 0 queued`));
    assert.doesNotMatch(stderr, new RegExp(SECRET));
  });

  it('takes the sampler, limits and attributes of the file, and OTEL_CONFIG_FILE', async (t) => {
    const server = await startGrpcServer(t);
    const limits = '  limits: { attribute_count_limit: 3, event_count_limit: 0 }\n';
    const resource = 'resource: { attributes: [{ name: k8s.node.name, value: n7 }] }\n';
    const file = fileWith(
      t,
      `tracer_provider:\n  processors:\n${processor(server.port)}${limits}${resource}${own('output: none, resource: host')}`,
    );
    await runToEnd(['replay', RECORDING], { env: { OTEL_CONFIG_FILE: file } });
    assert.equal(server.spans.length, snoopEvents().length);
    for (const { attributes, events, resource } of server.spans) {
      assert.equal(Object.keys(attributes).length, 3);
      assert.deepEqual(events, []);
      assert.deepEqual(resource['k8s.node.name'], NODE);
    }
    const off = fileWith(t, `tracer_provider:\n  processors:\n${processor(server.port)}  sampler: { always_off: }\n`);
    const { stderr } = await runToEnd(['replay', RECORDING, '-o', 'none', '--config', off]);
    assert.match(stderr, /dropped\{not_sampled\}|not_sampled/);
    assert.equal(server.spans.length, snoopEvents().length);
  });

  it('an option counts before the file', async (t) => {
    const file = fileWith(t, own('output: none, min_duration: 200000s'));
    const { stdout } = await runToEnd(['replay', RECORDING, '--config', file, '-o', 'json', '--min-duration', '0ns']);
    assert.equal(stdout.trim().split('\n').length, snoopEvents().length);
    const filtered = await runToEnd(['replay', RECORDING, '--config', file, '-o', 'json']);
    assert.equal(filtered.stdout, '');
  });
});

describe('a file that cannot be used ends with exit code 2', () => {
  for (const [options, sentence] of [
    ['min_duration: 5', 'min_duration 5: expected a number and a unit (ns, us, ms or s), such as 500us or 10ms.'],
    ['stack: evnt', 'stack evnt: expected one of event, attribute, both, none.'],
    ['verify: yes', 'verify must be true or false.'],
    ['ring_size: [1M, 2M]', 'ring_size must be one value, not a list.'],
    ['user: {}', 'user must be text or a number.'],
    ['outptu: json', 'unknown key outptu; did you mean output?'],
    [
      'config: other.yaml',
      'unknown key config; expected one of duration, pid, min_duration, trigger, max_spans_per_second, stack_budget, stack_min_duration, context, verify, pin, pin_ttl, status_socket and others, see docs/configuration.md.',
    ],
    [`stack: "\${HOME}"`, 'stack: its variables hold something that cannot be used here. See compactstall --help.'],
  ] as const) {
    it(options, async (t) => {
      const file = fileWith(t, own(options));
      const column = own('').indexOf('compactstall: { ') + 'compactstall: { '.length + 1;
      const { code, stdout, stderr } = await runToEnd(['config', '--config', file]);
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 2, stdout: '', stderr: `compactstall: ${file}:2:${column}: ${sentence}\n` },
      );
    });
  }

  it('run, replay and doctor say the same', async (t) => {
    const file = fileWith(t, own('stack: evnt'));
    const env = { OTEL_CONFIG_FILE: file };
    const { stderr } = await runToEnd(['config'], { env });
    for (const args of [[], ['replay', RECORDING]]) {
      assert.deepEqual(await runToEnd(args, { env }), { code: 2, signal: null, stdout: '', stderr });
    }
    const { code, stdout } = await runToEnd(['doctor', '--json'], { env });
    const [first] = JSON.parse(stdout).checks;
    assert.deepEqual([code, first.id, first.status], [2, 'configuration', 'fail']);
    assert.equal(`compactstall: ${first.why}\n`, stderr);
  });

  it('all of several faults are printed', async (t) => {
    const file = fileWith(t, `one: 1\ntwo: 2\n`);
    const { code, stderr } = await runToEnd(['--config', file]);
    assert.equal(code, 2);
    assert.deepEqual(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/;.*/, '')),
      [`compactstall: ${file}:2:1: unknown key one`, `${file}:3:1: unknown key two`],
    );
  });

  for (const [name, what] of [
    ['/no/such', 'cannot be read (no such file or directory)'],
    ['/proc/self/task', 'is not a regular file'],
  ]) {
    it(`OTEL_CONFIG_FILE=${name}`, async () => {
      const { code, stderr } = await runToEnd([], { env: { OTEL_CONFIG_FILE: name! } });
      assert.equal(code, 2);
      assert.ok(stderr.startsWith(`compactstall: OTEL_CONFIG_FILE: ${name} ${what}; `), stderr);
    });
  }
});

interface Setting {
  name: string;
  value?: string;
  from: string;
  at?: string;
  exporter?: number;
}

async function config(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await runToEnd(['config', ...args], { env });
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return stdout;
}

const settingsOf = (json: string): Setting[] => JSON.parse(json).settings;

describe('compactstall config', () => {
  it('says where each value comes from', async (t) => {
    const file = fileWith(
      t,
      `log_level: warn\ntracer_provider:\n  processors:\n${processor(4317)}${own('stack: none, min_duration: 1ms')}propagator:\n  composite_list: b3\n`,
    );
    const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '77', OTEL_LOG_LEVEL: '' };
    const json = await config(['--config', file, '--json', '--stack', 'both', '-v'], env);
    const settings = new Map(settingsOf(json).map(({ name, ...rest }) => [name, rest]));
    assert.deepEqual(settings.get('--stack'), { value: 'both', from: 'option' });
    assert.deepEqual(settings.get('--verbose'), { value: 'true', from: 'option' });
    assert.deepEqual(settings.get('--context'), { value: 'child', from: 'default' });
    assert.equal(settings.get('--min-duration')!.from, 'file');
    assert.deepEqual(settings.get('OTEL_LOG_LEVEL'), { value: 'warn', from: 'file', at: `${file}:2:1` });
    assert.deepEqual(settings.get('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'), {
      value: '77',
      from: 'variable',
      at: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    });
    assert.deepEqual(settings.get('OTEL_BSP_SCHEDULE_DELAY'), { value: '500', from: 'default' });
    assert.deepEqual(
      JSON.parse(json).unused.map(({ key, at }: { key: string; at: string }) => [key, at]),
      [['propagator', `${file}:7:1`]],
    );
    const text = await config(['--config', file], env);
    assert.match(text, new RegExp(`^--min-duration +1ms +${file}:6:`, 'm'));
    assert.match(text, /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT +http:\/\/127\.0\.0\.1:4317 /m);
    assert.match(text, /^Without meaning here:\n {2}propagator \(.*:7:1\): /m);
  });

  it('hides secrets', async (t) => {
    const endpoint = `'http://user:${SECRET}@127.0.0.1:5/${SECRET}'`;
    const exporter = `{ otlp_http: { endpoint: ${endpoint}, headers_list: 'a=${SECRET}' } }`;
    const attributes = `resource: { attributes: [{ name: a, value: '\${SECRET}' }] }\n`;
    const file = fileWith(
      t,
      `tracer_provider:\n  processors: [{ batch: { exporter: ${exporter} } }]\n${attributes}${own(`btf: "\${SECRET}"`)}`,
    );
    const secret = temporaryFolder(t)(SECRET);
    writeFileSync(secret, '');
    const env = { SECRET: secret, https_proxy: `http://u:${SECRET}@p:1` };
    for (const args of [['--json'], []]) {
      const text = await config(['--config', file, ...args], env);
      assert.doesNotMatch(text, new RegExp(SECRET));
      assert.match(text, /OTEL_EXPORTER_OTLP_TRACES_HEADERS\W+(value\W+)?\(set\)/);
      assert.match(text, /--btf\W+(value\W+)?\$\{SECRET\}/);
      assert.match(text, /OTEL_RESOURCE_ATTRIBUTES\W+(value\W+)?\(set\)/);
      assert.match(text, /https_proxy\W+(value\W+)?\(set\)/);
      assert.match(text, /http:\/\/127\.0\.0\.1:5/);
    }
    const header = await config([], { OTEL_EXPORTER_OTLP_HEADERS: `a=${SECRET}` });
    assert.doesNotMatch(header, new RegExp(SECRET));
  });

  it('shows each span exporter', async (t) => {
    const file = fileWith(t, `tracer_provider:\n  processors:\n${processor(1)}${processor(2)}`);
    const endpoints = settingsOf(await config(['--config', file, '--json'])).filter(({ name }) =>
      name.endsWith('_TRACES_ENDPOINT'),
    );
    assert.deepEqual(
      endpoints.map(({ value, exporter }) => [value, exporter]),
      [
        ['http://127.0.0.1:1', 1],
        ['http://127.0.0.1:2', 2],
      ],
    );
  });

  it('does not show a sampler as its argument', async (t) => {
    const ratio = 'trace_id_ratio_based: { ratio: 0.1 }';
    const file = (sampler: string) =>
      fileWith(t, `tracer_provider:\n  processors:\n${processor(1)}  sampler: { ${sampler} }\n`);
    const argument = async (sampler: string, env: Record<string, string> = {}) => {
      const settings = settingsOf(await config(['--config', file(sampler), '--json'], env));
      const { value, from } = settings.find(({ name }) => name === 'OTEL_TRACES_SAMPLER_ARG')!;
      return [value, from];
    };
    assert.deepEqual(await argument('always_on: {}'), ['1', 'default']);
    assert.deepEqual(await argument(ratio), ['0.1', 'file']);
    assert.deepEqual(await argument(ratio, { OTEL_TRACES_SAMPLER: 'traceidratio' }), ['1', 'default']);
    assert.deepEqual(await argument(ratio, { OTEL_TRACES_SAMPLER_ARG: '0.7' }), ['0.7', 'variable']);
  });

  it('refuses what run would refuse', async () => {
    const { code, stderr } = await runToEnd(['config'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'x:' } });
    assert.deepEqual([code, stderr.split(':')[1]], [2, ' OTEL_EXPORTER_OTLP_ENDPOINT']);
  });

  it('has defaults that are in the help of the options', () => {
    const all: readonly Option[] = RUN_OPTIONS;
    for (const option of all) {
      const { name, help, argument } = option;
      const otherwise = argument && textWithout(option);
      if (!otherwise) continue;
      assert.ok(
        help.includes(`(default ${otherwise}`) || help.includes(`${otherwise} (the default`),
        `${name}: ${otherwise}`,
      );
    }
  });

  it('has the defaults of the variables that the sink uses', async () => {
    const settings = settingsOf(await config(['--json', '-o', 'otlp']));
    const value = (name: string) => settings.find((setting) => setting.name === name)?.value;
    const { maxQueue, maxBatch, delayMs, exportTimeoutMs, sampler, logLevel, detectors } = readSettings({});
    assert.equal(value('OTEL_BSP_MAX_QUEUE_SIZE'), `${maxQueue}`);
    assert.equal(value('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'), `${maxBatch}`);
    assert.equal(value('OTEL_BSP_SCHEDULE_DELAY'), `${delayMs}`);
    assert.equal(value('OTEL_BSP_EXPORT_TIMEOUT'), `${exportTimeoutMs}`);
    assert.equal(value('OTEL_TRACES_SAMPLER'), sampler.root);
    assert.equal(value('OTEL_LOG_LEVEL'), logLevel.toLowerCase());
    assert.equal(value('OTEL_NODE_RESOURCE_DETECTORS'), detectors.join());
    assert.equal(value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'), 'http://localhost:4317');
    const { attributes, events, attributesPerEvent } = readLimits({});
    assert.equal(value('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT'), `${attributes}`);
    assert.equal(value('OTEL_SPAN_EVENT_COUNT_LIMIT'), `${events}`);
    assert.equal(value('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'), `${attributesPerEvent}`);
  });
});

it('doctor asks the collector of each span exporter', async (t) => {
  const server = await startGrpcServer(t);
  const file = fileWith(t, `tracer_provider:\n  processors:\n${processor(server.port)}${processor(1)}propagator: {}\n`);
  const { stdout } = await runToEnd(['doctor', '--json', '--config', file]);
  const checks: { id: string; status: string; why: string }[] = JSON.parse(stdout).checks;
  const found = new Map(checks.map(({ id, status, why }) => [id, `${status}: ${why}`]));
  assert.match(found.get('configuration')!, /^ok: .* Without meaning here: propagator \(line 6\)\.$/);
  assert.match(found.get('collector')!, /^ok: .* accepts spans\.$/);
  assert.match(found.get('collector_2')!, /^warn: the collector at http:\/\/127\.0\.0\.1:1 /);
});

describe('the example', () => {
  it('sends spans to the collector that a variable names', async (t) => {
    const server = await startGrpcServer(t);
    const env = { COLLECTOR: `http://127.0.0.1:${server.port}`, NODE_NAME: 'n7', METRICS_PORT: '0' };
    const { code } = await runToEnd(
      [
        'replay',
        RECORDING,
        '--config',
        EXAMPLE,
        '--trigger',
        'direct,kcompactd,proactive,manual',
        '--min-duration',
        '0ns',
      ],
      { env },
    );
    assert.equal(code, 0);
    assert.equal(server.spans.length, snoopEvents().length);
    assert.ok(server.spans.every(({ resource }) => isDeepStrictEqual(resource['k8s.node.name'], NODE)));
    assert.match(
      await config(['--config', EXAMPLE], env),
      /^OTEL_EXPORTER_PROMETHEUS_PORT +\$\{METRICS_PORT:-9464\} /m,
    );
  });

  it('is valid by the schema for editors, which has each option', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../../schema/compactstall.schema.json', import.meta.url), 'utf8'),
    );
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
    const example: object = parse(readFileSync(EXAMPLE, 'utf8'));
    assert.ok(validate({ ...example }), JSON.stringify(validate.errors));
    for (const more of [{ log_level: 'loud' }, { other: 1 }, { disabled: 3 }, { disabled: 'yes' }]) {
      assert.equal(validate({ ...example, ...more }), false);
    }
    assert.ok(validate({ ...example, disabled: `\${OFF:-false}` }));
    const properties = schema.$defs.ExperimentalInstrumentation.properties.js.properties.compactstall.properties;
    const all: readonly Option[] = CONFIG_OPTIONS;
    assert.deepEqual(Object.keys(properties), all.filter(({ inFile }) => inFile !== false).map(keyOf));
    assert.deepEqual(properties.context.enum, ['child', 'child-always', 'link', 'off']);
  });
});
