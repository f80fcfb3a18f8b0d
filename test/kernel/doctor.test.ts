// SPDX-License-Identifier: Apache-2.0
// The report of doctor about this host, compared with what run then does.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ObiMap, PrivateBpffs } from '../../harness/bpffs.ts';
import { freePorts } from '../../harness/child.ts';
import { bpfObjectsLeft } from '../../harness/host.ts';
import type { Check } from '../../src/doctor/check.ts';
import { ATTACH_PLANS } from '../../src/live/attach-plan.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { CommandedProgram } from '../support/commanded-program.ts';
import {
  capabilities,
  type Deprivation,
  hidden,
  PID_NAMESPACE,
  runAsNobody,
  runDeprived,
  USER_NAMESPACE,
  user,
} from '../support/deprived.ts';
import { Stalls } from '../support/stalls.ts';

const folder = (name: string) => fileURLToPath(new URL(`../../${name}/`, import.meta.url));

interface Report {
  version: string;
  kernel: string;
  machine: string;
  canRun: boolean;
  checks: Check[];
}

function parse(stdout: string): Report & { get(id: string): Check & { todo?: string } } {
  const report: Report = JSON.parse(stdout);
  return { ...report, get: (id) => report.checks.find((check) => check.id === id)! };
}

/** The ids that programs rely on. */
const IDS = [
  'configuration',
  'install',
  'kernel',
  'btf',
  'plan',
  'lockdown',
  'capabilities',
  'optional_capabilities',
  'attach',
  'prober',
  'obi',
  'kptr_restrict',
  'ptrace_scope',
  'perf_event_paranoid',
  'unprivileged_bpf_disabled',
  'thp',
  'proactiveness',
  'extfrag_threshold',
  'vmstat',
  'cgroup',
  'tracefs',
  'securityfs',
  'container',
  'host',
  'collector',
  'spool',
  'metrics',
  'logs',
  'clock',
];

after(async () => assert.deepEqual(await bpfObjectsLeft(), [], 'doctor leaves nothing in the kernel'));

describe('doctor as root', () => {
  it('this host can run it, with the plan that run takes', async () => {
    const { code, stdout, stderr } = await runToEnd(['doctor', '--json']);
    assert.equal(code, 0, stdout);
    assert.equal(stderr, '');
    const report = parse(stdout);
    assert.equal(report.canRun, true);
    for (const id of ['install', 'kernel', 'btf', 'plan', 'capabilities', 'attach', 'vmstat', 'collector', 'clock']) {
      assert.equal(report.get(id).status, 'ok', report.get(id).why);
    }
    assert.deepEqual(await bpfObjectsLeft(), []);

    const agent = await new Agent(['--output', 'none']).attached();
    await agent.stop();
    const [, plan] = /attached \((\w+)\)/.exec(agent.stderr)!;
    assert.ok(ATTACH_PLANS.some(({ name }) => name === plan));
    assert.ok(report.get('attach').why.startsWith(`loaded and attached with ${plan},`), report.get('attach').why);
    assert.ok(report.get('plan').why.startsWith(`${plan}: `), report.get('plan').why);
  });

  it('the ids are stable, and each text is one line', async () => {
    const { checks } = parse((await runToEnd(['doctor', '--json'])).stdout);
    assert.deepEqual(
      checks.map(({ id }) => id),
      IDS,
    );
    for (const check of checks) {
      assert.match(check.status, /^(ok|warn|fail)$/);
      assert.match(check.why, /^.{4,}$/);
      assert.equal('todo' in check, check.status !== 'ok');
      assert.doesNotMatch(check.why, /undefined|NaN|\[object/);
    }
  });

  it('the text has the same checks, one on each line, and a verdict', async () => {
    const { code, stdout, stderr } = await runToEnd(['doctor']);
    assert.equal(code, 0, stdout);
    assert.equal(stderr, '');
    const shown = [...stdout.matchAll(/^(?:ok {2}|warn|fail) {2}(\w+) +\S/gm)].map(([, id]) => id);
    assert.deepEqual(shown, IDS);
    assert.match(stdout, /\ncompactstall can run here.*\.\n$/);
    assert.ok(!stdout.includes('\x1b'), 'no colours in a pipe');
  });
});

describe('where run fails, doctor fails with the same words', () => {
  const cases: [what: string, deprivation: Deprivation, exitCode: number, failing: string[]][] = [
    ['no capabilities', capabilities('-all'), 3, ['capabilities', 'attach']],
    ['CAP_BPF only', capabilities('-all,+bpf'), 3, ['capabilities', 'attach']],
    ['CAP_PERFMON only', capabilities('-all,+perfmon'), 3, ['capabilities', 'attach']],
    ['root of a user namespace', USER_NAMESPACE, 3, ['capabilities', 'attach']],
    ['no BTF', hidden('/sys/kernel/btf/vmlinux'), 3, ['btf', 'plan', 'attach']],
    ['no addon', hidden(folder('native/bpf-loader/build')), 1, ['install', 'attach']],
    ['no BPF programs', hidden(folder('bpf/build')), 1, ['install', 'attach']],
  ];
  for (const [what, deprivation, exitCode, failing] of cases) {
    it(what, () => {
      const run = runDeprived(deprivation, ['-d', '1']);
      assert.equal(run.status, exitCode, run.stderr);
      const { status, stdout, stderr } = runDeprived(deprivation, ['doctor', '--json']);
      assert.equal(status, exitCode, stdout);
      assert.equal(stderr, '');
      const report = parse(stdout);
      assert.equal(report.canRun, false);
      assert.deepEqual(
        report.checks.filter((check) => check.status === 'fail').map(({ id }) => id),
        failing,
      );
      for (const id of failing.filter((id) => id !== 'plan')) {
        const { why, todo } = report.get(id);
        assert.equal(`compactstall: ${why} ${todo}\n`, run.stderr);
      }
    });
  }

  it('a variable of the collector', async () => {
    for (const env of [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://127.0.0.1' },
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      { OTEL_EXPORTER_OTLP_HEADERS: 'a=b', OTEL_TRACES_SAMPLER: 'sometimes' },
    ]) {
      const run = await runToEnd(['-d', '1', '-o', 'none'], { env });
      assert.equal(run.code, 2);
      const { code, stdout } = await runToEnd(['doctor', '--json'], { env });
      assert.equal(code, 2, stdout);
      const { status, why } = parse(stdout).get('collector');
      assert.equal(status, 'fail');
      assert.equal(run.stderr.trimEnd().split('\n').at(-1), `compactstall: ${why}`);
    }
  });
});

describe('doctor without privileges', () => {
  it('an ordinary user gets every check, and the plan that this kernel takes', () => {
    const { status, stdout, stderr } = runAsNobody(['doctor', '--json']);
    assert.equal(status, 3, stderr);
    assert.equal(stderr, '');
    const report = parse(stdout);
    assert.deepEqual(
      report.checks.filter((check) => check.status === 'fail').map(({ id }) => id),
      ['capabilities', 'attach'],
    );
    const root = parse(runDeprived([], ['doctor', '--json']).stdout);
    for (const id of ['kernel', 'btf', 'plan', 'lockdown', 'thp', 'proactiveness', 'cgroup', 'collector']) {
      assert.deepEqual(report.get(id), root.get(id));
    }
    assert.match(report.get('vmstat').why, /^since boot compact_stall \d+ \(success \d+, fail \d+\)/);
    assert.doesNotMatch(stdout, /the check failed/);
  });

  it('the two capabilities are enough; the purpose of the others is reported', () => {
    const { status, stdout } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['doctor', '--json']);
    assert.equal(status, 0, stdout);
    const report = parse(stdout);
    assert.match(
      report.get('optional_capabilities').why,
      /CAP_SYSLOG.*CAP_SYS_PTRACE.*CAP_CHECKPOINT_RESTORE \([^)]*\)\.$/,
    );
    // These are the words of run.
    const { why, todo } = report.get('kptr_restrict');
    const { stderr } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['-d', '0.2', '-K']);
    const [, said] = /compactstall: (the kernel hides .*)\n/.exec(stderr)!;
    assert.ok(`${why} ${todo}`.endsWith(said!), `${why} ${todo}`);
  });

  it('run reports whose services and spans are unknown, if they are wanted', () => {
    const said = (...args: string[]) => runDeprived(capabilities('-all,+bpf,+perfmon'), ['-d', '0.2', ...args]).stderr;
    const sentence = /^compactstall: without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, the prober cannot read processes/m;
    assert.match(said('-o', 'json'), sentence);
    assert.doesNotMatch(said(), sentence);
    assert.doesNotMatch(runDeprived([], ['-d', '0.2', '-o', 'json']).stderr, sentence);
  });

  it('run --verbose without CAP_SYS_ADMIN works, and reports that run times are not measured', () => {
    const { status, stderr } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['-d', '0.2', '-v']);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Cannot enable BPF run-time statistics.*CAP_SYS_ADMIN/);
  });

  it("a container without the host's PIDs is a warning, in the words of run", () => {
    const { status, stdout } = runDeprived(PID_NAMESPACE, ['doctor', '--json']);
    assert.equal(status, 0, stdout);
    const { why, todo } = parse(stdout).get('container');
    const { stderr } = runDeprived(PID_NAMESPACE, ['-d', '0.2']);
    assert.ok(stderr.includes(`compactstall: ${why} ${todo}\n`), stderr);
  });
});

describe('--pid: a process', () => {
  const found = async (pid: number) => {
    const { code, stdout, stderr } = await runToEnd(['doctor', '--json', '--pid', `${pid}`]);
    assert.equal(stderr, '');
    assert.equal(code, 0, stdout);
    return parse(stdout).checks.at(-1)!;
  };

  it('that publishes its spans: how its stalls relate to these', async () => {
    const stalls = new Stalls('glibc/gd');
    const service = `service unknown_service:gd (neither a process context nor its environment names one)`;
    const relation = 'A stall in a span is its child if the trace flags say that it is sampled, or else linked to it.';
    // Its library has the variable of Node.js, too.
    const places = 'It has 2 places for spans; the first that holds a valid one counts.';
    const why = `${stalls.pid} is gd, ${service}. ${relation} Other stalls are roots. ${places}`;
    assert.deepEqual(await found(stalls.pid), { id: 'process', status: 'ok', why });
    await stalls.end();
  });

  it('that publishes no spans: its service, and why its stalls are roots', async () => {
    const shell = new CommandedProgram('sh', ['-c', 'read -r _'], { OTEL_SERVICE_NAME: 'shop' });
    const { status, why } = await found(shell.pid);
    assert.equal(status, 'warn');
    assert.match(
      why,
      /^\d+ is dash, service shop \(from its environment\)\. Its stalls are roots, .*: it publishes no spans, .*\.$/,
    );
    await shell.end();
  });

  it('without rights: unknown', () => {
    const { stdout } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['doctor', '--json', '--pid', '1']);
    const { status, why, todo } = parse(stdout).get('process');
    assert.equal(status, 'warn');
    assert.match(
      why,
      /^1 is .*It is not known whether it publishes spans: there is no permission to read its memory map, files or memory\.$/,
    );
    assert.match(todo!, /rights that compactstall run has/);
  });

  it('in a container without the host’s PIDs: the process with that pid there', () => {
    const report = parse(runDeprived(PID_NAMESPACE, ['doctor', '--json', '--pid', '1']).stdout);
    assert.match(report.get('process').why, /^1 is node, service unknown_service:node /);
  });

  it('that is a kernel thread', async () => {
    assert.match((await found(2)).why, /^2 is a kernel thread/);
  });
});

describe('the map of OpenTelemetry eBPF Instrumentation', () => {
  const found = async (under: readonly string[]) => {
    const { code, stdout } = await runToEnd(['doctor', '--json'], { under });
    assert.equal(code, 0, stdout);
    return parse(stdout).get('obi');
  };
  const MAP = '/sys/fs/bpf/otel/traces_ctx_v1';

  it('is absent: ok', async () => {
    const { under } = await PrivateBpffs.mount();
    assert.deepEqual(await found(under), {
      id: 'obi',
      status: 'ok',
      why: `no map at ${MAP}: no spans of OpenTelemetry eBPF Instrumentation are read.`,
    });
  });

  it('is read', async () => {
    const bpffs = await PrivateBpffs.mount();
    new ObiMap(bpffs);
    const { status, why } = await found(bpffs.under);
    assert.deepEqual(
      { status, why },
      { status: 'ok', why: `${MAP} is readable: a stall is linked to the span recorded there.` },
    );
  });

  it('is of another kind: a warning, in the words of run', async () => {
    const bpffs = await PrivateBpffs.mount();
    new ObiMap(bpffs, { valueSize: 32 });
    const { status, why, todo } = await found(bpffs.under);
    assert.equal(status, 'warn');
    const { stderr } = await runToEnd(['-d', '0.2', '-o', 'json'], { under: bpffs.under });
    assert.ok(stderr.includes(`compactstall: ${why} ${todo}\n`), stderr);
  });

  it('may not be read by this user: the same warning', async () => {
    const bpffs = await PrivateBpffs.mount();
    new ObiMap(bpffs);
    const [, ...list] = capabilities('-all,+bpf,+perfmon');
    const under = [...bpffs.under, ...user(1234, ...list)];
    const { status, why, todo } = await found(under);
    assert.equal(status, 'warn');
    assert.match(why, /cannot be read\. .*traces_ctx_v1'.*[Pp]ermission denied/);
    const { stderr } = await runToEnd(['-d', '0.2', '-o', 'json'], { under });
    assert.ok(stderr.includes(`compactstall: ${why} ${todo}\n`), stderr);
  });

  it('is unknown, where this user may not look', async () => {
    const bpffs = await PrivateBpffs.mount();
    chmodSync(bpffs.folder, 0o700);
    new ObiMap(bpffs);
    const under = [...bpffs.under, ...user(1234, '--inh-caps=-all')];
    const { stdout } = await runToEnd(['doctor', '--json'], { under });
    const { status, why } = parse(stdout).get('obi');
    assert.deepEqual({ status, why }, { status: 'ok', why: `unknown: ${MAP}: permission denied.` });
  });

  it('exists, but nothing can be loaded', async () => {
    const bpffs = await PrivateBpffs.mount();
    new ObiMap(bpffs);
    const { stdout } = await runToEnd(['doctor', '--json'], {
      under: [...bpffs.under, ...capabilities('-bpf,-sys_admin')],
    });
    const { status, why } = parse(stdout).get('obi');
    assert.deepEqual(
      { status, why },
      { status: 'ok', why: `unknown: ${MAP} exists, but the programs that read it cannot be loaded.` },
    );
  });
});

describe('an unreachable collector', () => {
  it('is a warning: run starts, and keeps trying', async () => {
    const [port] = await freePorts(1);
    for (const protocol of ['grpc', 'http/protobuf']) {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      };
      const { code, stdout } = await runToEnd(['doctor', '--json'], { env });
      assert.equal(code, 0, stdout);
      const { status, why, todo } = parse(stdout).get('collector');
      assert.equal(status, 'warn');
      assert.match(why, new RegExp(`http://127\\.0\\.0\\.1:${port} does not answer: .*ECONNREFUSED`));
      assert.match(todo!, /^Start it/);
    }
  });
});
