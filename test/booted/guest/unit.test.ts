// SPDX-License-Identifier: Apache-2.0
// The service of the package under a systemd that has booted the machine.
import assert from 'node:assert/strict';
import { execFileSync, execSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { bpfObjectsLeft } from '../../../harness/host.ts';
import type { AgentStatus } from '../../../src/status/status.ts';
import { parseLines } from '../../support/agent.ts';
import { threadsOf } from '../../support/rights.ts';
import { Shell, ZONES } from '../../support/shell.ts';
import {
  change,
  journal,
  mainPid,
  PINS,
  processes,
  property,
  starts,
  systemctl,
  UNIT,
  unpin,
  until,
} from './systemd.ts';

const RECORDING = '/var/log/compactstall/stalls.jsonl';
const optionsOf = (more: string) => `Environment="OPTIONS=--output json:${RECORDING}${more}"`;
/** As docs/deploy.md gives it. */
const SPOOL = ' --spool /var/lib/compactstall/spool';
/** CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE; and CAP_SYSLOG, CAP_PERFMON and CAP_BPF. */
const OF_PROBER = (1n << 2n) | (1n << 19n) | (1n << 40n);
const ALL = OF_PROBER | (1n << 34n) | (1n << 38n) | (1n << 39n);

const statusOf = (path: string) => readFileSync(path, 'latin1');
const field = (status: string, name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)![1]!;

describe('the unit', () => {
  const shell = new Shell();

  before(() => change(optionsOf('')));
  after(async () => {
    await shell.end();
    systemctl('stop', UNIT);
    unpin();
  });
  /** The ids of the shell's stalls that are recorded; some may be there twice. */
  const recorded = () => {
    const files = [RECORDING, `${RECORDING}.1`].filter((path) => existsSync(path));
    const events = files.flatMap((path) => parseLines(readFileSync(path, 'utf8')));
    return new Set(events.filter(({ pid }) => pid === shell.pid).map(({ spanId }) => spanId));
  };

  it('is active once the agent is attached', () => {
    for (const command of ['systemctl daemon-reload', 'systemctl enable --now compactstall']) execSync(command);
    assert.match(journal(), / attached \(tp_btf\)/);
    const status = execSync('systemctl status compactstall', { encoding: 'utf8' });
    assert.match(status, /Active: active \(running\)/);
    assert.match(status, /Status: "\d+ compactions, 0 lost, \d+ spans queued"/);
  });

  it('runs as a user that nothing else runs as, and holds no more than the prober needs', () => {
    const { 'compactstall-su': supervisor, 'compactstall-pr': prober } = processes();
    const [uid] = field(statusOf(`/proc/${mainPid()}/status`), 'Uid').split('\t');
    assert.ok(Number(uid) >= 61184 && Number(uid) <= 65519, `a dynamic user: ${uid}`);
    for (const [pid, held] of [
      [mainPid(), 0n],
      [supervisor!, OF_PROBER],
      [prober!, OF_PROBER],
    ] as const) {
      for (const { tid, rights } of threadsOf(pid)) {
        assert.deepEqual(
          { ...rights, groups: '' },
          { uids: Array(4).fill(Number(uid)), groups: '', permitted: held, effective: held, noNewPrivileges: true },
        );
        const status = statusOf(`/proc/${pid}/task/${tid}/status`);
        assert.equal(BigInt(`0x${field(status, 'CapBnd')}`), ALL);
        assert.equal(field(status, 'Seccomp'), '2');
      }
    }
  });

  it('may not write to the settings of the kernel, but reads its symbols', () => {
    const mounts = readFileSync(`/proc/${mainPid()}/mountinfo`, 'utf8');
    assert.match(mounts, / \/proc\/sys ro[, ]/);
    assert.doesNotMatch(mounts, /\/kallsyms /);
  });

  it('sees stalls with their service and symbols', async () => {
    await shell.stall();
    const events = () => parseLines(readFileSync(RECORDING, 'utf8')).filter(({ pid }) => pid === shell.pid);
    await until(() => existsSync(RECORDING) && events().length > 0);
    const [event] = events();
    assert.equal(event!.resource!['service.name'], 'shop');
    assert.match(event!.stack!.join('\n'), /^compact_zone\+0x.*\n(.*\n)*compact_node/m);
    await until(() => /^[1-9]\d* compactions, 0 lost, [1-9]\d* spans queued$/.test(property('StatusText')));
  });

  it('is asked by compactstall status', () => {
    const words = ['status', '--json', '--status-socket', '/run/compactstall/status'];
    const status: AgentStatus = JSON.parse(execFileSync('compactstall', words, { encoding: 'utf8' }));
    assert.equal(status.pid, mainPid());
    assert.equal(status.stalled[0]!.service, 'shop');
  });

  it('is reloaded: a file that was renamed is opened again, and the agent goes on', async () => {
    const pid = mainPid();
    renameSync(RECORDING, `${RECORDING}.1`);
    systemctl('reload', UNIT);
    await until(() => existsSync(RECORDING));
    await until(() => property('ActiveState') === 'active');
    assert.equal(mainPid(), pid);
  });

  it('is killed, and the next agent goes on: a stall in between is recorded', async () => {
    const before = recorded().size;
    const pid = mainPid();
    process.kill(pid, 'SIGKILL');
    await until(() => !existsSync(`/proc/${pid}`));
    await shell.stall();
    assert.notEqual(property('ActiveState'), 'active', 'no agent is there yet');
    await until(() => recorded().size === before + ZONES);
    assert.match(journal(), /goes on with the programs/);
    const { uid, mode } = statSync(PINS);
    assert.deepEqual([uid, mode & 0o777], [statSync(`/proc/${mainPid()}`).uid, 0o700]);
  });

  it('is stopped: the agent prints the books. A loss is not a failure of the unit', () => {
    systemctl('stop', UNIT);
    assert.match(journal(), /^compactstall: \d+ compactions, \d+ lost/m);
    assert.doesNotMatch(journal(), /DOES NOT BALANCE/);
    // The spans had no collector. Nothing else is lost.
    assert.deepEqual(
      [...journal().matchAll(/^ {2}lost +\d+: (.*)$/gm)].map(([, reason]) => reason),
      ['otlp dropped it: shutdown'],
    );
    assert.deepEqual(['ExecMainStatus', 'Result', 'ActiveState'].map(property), ['4', 'success', 'inactive']);
  });

  it('goes on with the programs as another user, who is given them', async () => {
    const before = recorded().size;
    execFileSync('chown', ['--recursive', '12345:12345', PINS]);
    await shell.stall();
    change(optionsOf(''));
    assert.ok(starts(), journal());
    assert.match(journal(), /goes on with the programs/);
    await until(() => recorded().size === before + ZONES);
    systemctl('stop', UNIT);
    assert.equal(property('ExecMainStatus'), '4', 'the books are those of all agents');
    unpin();
    assert.deepEqual([existsSync(PINS), await bpfObjectsLeft()], [false, []]);
  });

  it('with the folder for a spool loses nothing without a collector', async () => {
    change(optionsOf(SPOOL));
    assert.ok(starts(), journal());
    const before = recorded().size;
    await shell.stall();
    await until(() => recorded().size === before + ZONES);
    systemctl('stop', UNIT);
    assert.match(journal(), /^compactstall: [1-9]\d* compactions, 0 lost/m);
    assert.match(journal(), /[1-9]\d* spans stay in the spool/);
    assert.equal(property('ExecMainStatus'), '0');
  });

  it('is restarted by the watchdog when the agent stops, and ends well without spans', async () => {
    // Without a collector and its queue; the first line forgets the one of the unit.
    const run = '/usr/bin/compactstall --output none';
    change('WatchdogSec=15', 'RestartSec=1', 'ExecStart=', `ExecStart=${run}`);
    assert.ok(starts(), journal());
    const pid = mainPid();
    process.kill(pid, 'SIGSTOP');
    await until(() => property('NRestarts') === '1' && property('ActiveState') === 'active');
    assert.notEqual(mainPid(), pid);
    assert.match(execFileSync('journalctl', ['-o', 'cat', '-u', UNIT], { encoding: 'utf8' }), /Watchdog timeout/);
    const restarted = mainPid();
    // Longer than the watchdog waits: the beats come.
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    assert.equal(mainPid(), restarted);
    systemctl('stop', UNIT);
    assert.deepEqual([property('ExecMainStatus'), property('Result')], ['0', 'success']);
  });
});
