// SPDX-License-Identifier: Apache-2.0
// The Debian package is upgraded and removed while its service runs.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { bpfObjects, bpfObjectsLeft, COMPACT_MEMORY } from '../../../harness/host.ts';
import { parseLines } from '../../support/agent.ts';
import { readBooks, termOf, totalOf } from '../../support/books.ts';
import { changes } from '../../support/file-list.ts';
import { Shell } from '../../support/shell.ts';
import { apt, LIST_BEFORE, listFiles, SECOND } from './package.ts';
import { change, journal, mainPid, PINS, processes, property, starts, systemctl, UNIT, until } from './systemd.ts';

const RECORDING = '/var/log/compactstall/upgraded.jsonl';
const BOOKS = '/var/log/compactstall/books.json';
const SETTINGS = '/etc/default/compactstall';
const OPTIONS = [
  ...['--output', `json:${RECORDING}`, '--spool', '/var/lib/compactstall/spool'],
  ...['--max-spans-per-second', 'off', '--verify', '--books', BOOKS],
];

/** What a run of the unit has said, line by line. */
function said(invocation: string): { text: string; unixUs: number }[] {
  const words = ['-o', 'json', `_SYSTEMD_INVOCATION_ID=${invocation}`];
  const lines = execFileSync('journalctl', words, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const { MESSAGE, __REALTIME_TIMESTAMP } = JSON.parse(line);
    return { text: MESSAGE, unixUs: Number(__REALTIME_TIMESTAMP) };
  });
}

describe('the Debian package, while its service runs', () => {
  const shell = new Shell();
  after(() => shell.end());
  const stalls = () =>
    existsSync(RECORDING) ? parseLines(readFileSync(RECORDING, 'utf8')).filter(({ pid }) => pid === shell.pid) : [];
  /** Stalls once, and waits until the service has written that down. */
  const stall = async () => {
    const before = stalls().length;
    await shell.stall();
    await until(() => stalls().length > before);
  };

  it('is upgraded while all memory is compacted again and again: the service goes on as what was installed', async () => {
    change();
    appendFileSync(SETTINGS, `OPTIONS="${OPTIONS.join(' ')}"\n`);
    assert.ok(starts(), journal());
    await stall();
    const pid = mainPid();
    const invocation = property('InvocationID');
    const compacting = spawn('sh', ['-c', `while sleep 0.2; do echo 1 >${COMPACT_MEMORY}; done`]);
    apt('install', SECOND.path);
    compacting.kill();
    await once(compacting, 'close');
    assert.notEqual(mainPid(), pid);
    assert.equal(property('ActiveState'), 'active');
    const ended = said(invocation);
    assert.ok(ended.some(({ text }) => /^compactstall: [1-9]\d* compactions, 0 lost/.test(text)));
    const [attached] = said(property('InvocationID')).filter(({ text }) => / attached /.test(text));
    assert.match(readFileSync(SETTINGS, 'utf8'), /upgraded\.jsonl/);
    await stall();
    const [from, to] = [ended.at(-1)!.unixUs, attached!.unixUs];
    const between = parseLines(readFileSync(RECORDING, 'utf8')).filter(({ startUnixNano }) => {
      const us = Number(startUnixNano) / 1000;
      return us > from && us < to;
    });
    assert.ok(between.length > 0, 'compactions while no agent was there');
  });

  it('has lost no compaction by the upgrade: kernel, books and recording agree, to the page', () => {
    systemctl('stop', UNIT);
    const books = readBooks(BOOKS);
    assert.deepEqual([books.lost, books.balances, property('ExecMainStatus')], [{}, true, '0'], journal());
    const events = parseLines(readFileSync(RECORDING, 'utf8'));
    const ids = new Set(events.map(({ spanId }) => spanId));
    const all = ['begins', 'ends', 'emitted', 'received'].map((equation) => totalOf(books, equation));
    assert.deepEqual(all, Array(4).fill(ids.size));
    assert.equal(events.length, ids.size, 'none is there twice');
    assert.ok(termOf(books, 'decoded', 'by earlier agents') > 0);
    assert.equal([...journal().matchAll(/^ {2}verify .* equal; .* equal$/gm)].length, 2, journal());
    assert.ok(bpfObjects().length > 0, 'the programs stay attached');
    assert.ok(starts(), journal());
  });

  it('is removed: nothing of it runs or is attached, and the settings and recordings stay', async () => {
    const pids = Object.values(processes());
    assert.equal(pids.length, 3);
    apt('remove', 'compactstall');
    for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} still runs`);
    assert.deepEqual([existsSync(PINS), await bpfObjectsLeft()], [false, []]);
    assert.ok(existsSync(SETTINGS));
    assert.ok(stalls().length > 0);
  });

  it('is purged without a trace', () => {
    change();
    apt('purge', 'compactstall');
    const before = readFileSync(LIST_BEFORE, 'utf8').split('\n');
    assert.deepEqual(changes(before, listFiles()), { left: [], gone: [] });
    const { status } = spawnSync('systemctl', ['cat', UNIT], { stdio: 'ignore' });
    assert.notEqual(status, 0, 'systemd still knows the unit');
  });
});
