// SPDX-License-Identifier: Apache-2.0
/** Programs that stay attached while no agent runs (--pin). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrivateBpffs } from '../../harness/bpffs.ts';
import { bpfObjects, bpfObjectsLeft, COMPACT_MEMORY, compact, populatedZones, vmstat } from '../../harness/host.ts';
import { Agent, type Finished, parseLines, runToEnd } from '../support/agent.ts';
import { assertNothingLost, termOf, totalOf } from '../support/books.ts';
import { storm } from '../support/storm.ts';

/** The number of kills, for a longer run. */
const KILLS = Number(process.env.COMPACTSTALL_KILLS ?? 10);
const ZONES = populatedZones().length;
const ALL = ['--max-spans-per-second', 'off', '--context', 'off', '--resource', 'host', '--stack', 'none'];

let mounted: PrivateBpffs;
let folder: string;

before(async () => {
  mounted = await PrivateBpffs.mount();
  folder = join(mounted.folder, 'compactstall');
});
afterEach(async () => {
  const { code, stderr } = await runToEnd(['unpin', folder]);
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(folder), false);
  assert.deepEqual(await bpfObjectsLeft(), [], 'unpin leaves nothing in the kernel');
});

const start = (args: readonly string[] = []) =>
  new Agent(['--pin', folder, ...ALL, ...args], { books: true }).attached();

/** The events of this process's stalls. */
const own = ({ stdout }: Finished) => parseLines(stdout).filter(({ pid }) => pid === process.pid);

/** As they would be if an agent that is making a set were killed. */
function halfMade(): void {
  mkdirSync(join(folder, 'new'), { recursive: true });
  const map = 'type hash key 4 value 8 entries 1 name cs_half'.split(' ');
  execFileSync('bpftool', ['map', 'create', join(folder, 'new', 'map_half'), ...map]);
}

describe('an agent that is started again', () => {
  it('goes on: with what happened meanwhile, in one account', async () => {
    const scanned = ['compact_migrate_scanned', 'compact_free_scanned'].map(vmstat);
    const first = await start(['--output', 'json']);
    compact(COMPACT_MEMORY, 3);
    const one = await first.stop();
    assertNothingLost(one);
    assert.match(one.stderr, /stay attached in \S+ and record for 3600 s more; compactstall unpin/);

    compact(COMPACT_MEMORY, 5);
    const second = await start(['--output', 'json', '--verify']);
    assert.match(second.stderr, /attached/);
    compact(COMPACT_MEMORY, 7);
    const two = await second.stop();
    const books = assertNothingLost(two);
    assert.match(two.stderr, /goes on with the programs that an earlier agent has left/);

    assert.deepEqual([own(one).length, own(two).length], [3 * ZONES, 12 * ZONES]);
    const all = parseLines(one.stdout).length + parseLines(two.stdout).length;
    assert.deepEqual(
      [totalOf(books, 'begins'), totalOf(books, 'emitted'), totalOf(books, 'received')],
      [all, all, all],
    );
    assert.equal(termOf(books, 'decoded', 'by earlier agents'), parseLines(one.stdout).length);
    const ids = new Set([one, two].flatMap(({ stdout }) => parseLines(stdout)).map(({ spanId }) => spanId));
    assert.equal(ids.size, all, 'none is there twice');

    const events = [one, two].flatMap(({ stdout }) => parseLines(stdout));
    const sums = [
      events.reduce((sum, event) => sum + event.scanned.migrate, 0),
      events.reduce((sum, event) => sum + event.scanned.free, 0),
    ];
    const now = ['compact_migrate_scanned', 'compact_free_scanned'].map(vmstat);
    assert.deepEqual(
      sums,
      now.map((value, i) => value - scanned[i]!),
      'to the page, over both',
    );
  });

  it('with other options, replaces the programs, and says and counts what is lost by that', async () => {
    assertNothingLost(await (await start()).stop());
    compact(COMPACT_MEMORY, 5);
    const { code, stderr, books } = await (await start(['--min-duration', '1us'])).stop();
    const unread = Number(/were replaced\..* not read: (\d+) records\./.exec(stderr)?.[1]);
    assert.ok(unread >= 5 * ZONES, stderr);
    assert.equal(code, 4);
    assert.deepEqual(books!.lost, { 'an agent before this one did not deliver it': unread });
    assert.equal(readdirSync(folder).length, 1, 'one set');
  });

  it('removes a set that was never completed', async () => {
    halfMade();
    assertNothingLost(await (await start()).stop());
    assert.deepEqual(
      readdirSync(folder).map((name) => name.replace(/[0-9a-f]{32}$/, '')),
      ['set_'],
    );
  });

  it('replaces a set that is damaged', async () => {
    assertNothingLost(await (await start()).stop());
    const [set] = readdirSync(folder);
    rmSync(join(folder, set!, 'link_cs_tp_btf_end'), { force: true });
    rmSync(join(folder, set!, 'map_cs_handover'));
    const { stderr } = await (await start()).stop();
    assert.match(stderr, /were replaced/);
  });
});

describe(`${KILLS} kills in the middle of compactions`, () => {
  it('lose nothing: every compaction is in a record or counted, and the pages are those of /proc/vmstat', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'compactstall-pin-'));
    try {
      const output = join(scratch, 'events');
      chmodSync(scratch, 0o777);
      const args = ['--output', `json:${output}`, '--ring-size', '16M'];
      const before = ['compact_migrate_scanned', 'compact_free_scanned'].map(vmstat);
      let over = false;
      // Attached while nothing is under way: every end has its begin.
      const first = await start(args);
      const kill = async () => {
        for (let i = 0; i < KILLS; i++) {
          const agent = i === 0 ? first : await start(args);
          await sleep(50 + ((i * 137) % 400));
          await agent.stop('SIGKILL');
        }
      };
      const kills = kill().finally(() => {
        over = true;
      });
      while (!over) await storm(2, 10);
      await kills;
      const finished = await (await start([...args, '--verify'])).stop();
      const books = assertNothingLost(finished);
      const events = parseLines(readFileSync(output, 'utf8'));
      const once = new Map(events.map((event) => [event.spanId, event]));
      const begins = totalOf(books, 'begins');
      console.log(`${KILLS} kills: ${begins} compactions, ${events.length - once.size} delivered twice`);
      assert.ok(begins > KILLS, 'compactions went on all the time');
      assert.deepEqual([totalOf(books, 'ends'), totalOf(books, 'emitted'), once.size], [begins, begins, begins]);
      const sum = (of: 'migrate' | 'free') => [...once.values()].reduce((total, { scanned }) => total + scanned[of], 0);
      const now = ['compact_migrate_scanned', 'compact_free_scanned'].map(vmstat);
      assert.deepEqual(
        [sum('migrate'), sum('free')],
        now.map((value, i) => value - before[i]!),
        'to the page',
      );
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe('programs that nobody goes on with', () => {
  it('stop recording after --pin-ttl, and count', async () => {
    assertNothingLost(await (await start(['--pin-ttl', '500ms'])).stop());
    await sleep(600);
    compact(COMPACT_MEMORY, 3);
    const { code, stderr, books } = await (await start(['--verify'])).stop();
    const unrecorded = termOf(books!, 'begins', 'evicted{expired}');
    assert.ok(unrecorded >= 3 * ZONES, stderr);
    assert.deepEqual(
      [code, books!.balances, books!.lost],
      [4, true, { 'no agent was there for longer than --pin-ttl': unrecorded }],
    );
    assert.doesNotMatch(stderr, /NOT EQUAL/);
  });

  it('record again once an agent is there, however long it sleeps', async () => {
    assertNothingLost(await (await start(['--pin-ttl', '300ms'])).stop());
    await sleep(400);
    const agent = await start(['--pin-ttl', '300ms', '--output', 'json']);
    await sleep(1000);
    compact(COMPACT_MEMORY, 3);
    const finished = await agent.stop();
    assert.equal(own(finished).length, 3 * ZONES, finished.stderr);
  });
});

describe('a folder that is refused', () => {
  const refusal = async (path: string, command: readonly string[] = ['run', '--output', 'none', '--pin']) => {
    const { code, stderr } = await runToEnd([...command, path]);
    assert.equal(code, 1, stderr);
    assert.deepEqual(bpfObjects(), []);
    return stderr;
  };

  it('is not in a BPF file system', async () => {
    for (const command of [['run', '--output', 'none', '--pin'], ['unpin']]) {
      assert.match(
        await refusal(tmpdir(), command),
        /is not in a BPF file system\. Name a folder in one, .* mounts it\./,
      );
    }
    assert.match(await refusal(join(tmpdir(), 'not-there')), /is not in a BPF file system/);
  });

  it('has something else in it, or a name with a dot', async (t) => {
    const other = join(mounted.folder, 'other');
    mkdirSync(join(other, 'somebodys'), { recursive: true });
    t.after(() => rmSync(other, { recursive: true }));
    for (const command of [['run', '--output', 'none', '--pin'], ['unpin']]) {
      assert.match(await refusal(other, command), /it holds 'somebodys', which is not of compactstall\. Name a folder/);
    }
    assert.ok(existsSync(join(other, 'somebodys')));
    assert.match(await refusal(join(mounted.folder, 'with.dot')), /operation not permitted/);
  });

  it('is of another user, or may be written by others', async (t) => {
    const other = join(mounted.folder, 'other');
    mkdirSync(other);
    t.after(() => rmSync(other, { recursive: true }));
    chownSync(other, 65534, 65534);
    assert.match(await refusal(other), /it belongs to the user 65534/);
    chownSync(other, 0, 0);
    chmodSync(other, 0o770);
    assert.match(await refusal(other), /others may write there/);
  });

  it('belongs to an agent that is running', async () => {
    const agent = await start();
    for (const command of [['run', '--output', 'none', '--pin'], ['unpin']]) {
      const { code, stderr } = await runToEnd([...command, folder]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /another compactstall uses .*\. Stop that one, or name another folder\./);
    }
    assertNothingLost(await agent.stop());
  });
});
