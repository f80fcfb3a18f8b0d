// SPDX-License-Identifier: Apache-2.0
/** Programs that stay attached while no agent runs (--pin). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrivateBpffs } from '../../harness/bpffs.ts';
import { bpfObjects, bpfObjectsLeft, COMPACT_MEMORY, compact, populatedZones, vmstat } from '../../harness/host.ts';
import type { NotRecordedEvent } from '../../src/event/event.ts';
import { Agent, type Finished, gapsIn, parseLines, runToEnd } from '../support/agent.ts';
import { assertNothingLost, termOf, totalOf } from '../support/books.ts';
import { storm } from '../support/storm.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

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

const start = (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
  new Agent(['--pin', folder, ...ALL, ...args], { books: true, env }).attached();
/** Nobody listens there. */
const AWAY = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };

/** A folder in which the agent's user may write. */
function openFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'compactstall-pin-'));
  t.after(() => rmSync(path, { recursive: true }));
  chmodSync(path, 0o777);
  return path;
}

/** The events of this process's stalls. */
const own = ({ stdout }: Finished) => parseLines(stdout).filter(({ pid }) => pid === process.pid);

const reasonsOf = (stdout: string) => gapsIn(stdout).map(({ reason, count }) => [reason, count]);

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

  it('while compactions go on all the time: each agent tells what it has read, and nothing is lost', async (t) => {
    const args = ['--output', 'otlp', '--spool', join(openFolder(t), 'spool'), '--output', 'json', '--verify'];
    const first = await start(args, AWAY);
    let over = false;
    const storms = (async () => {
      while (!over) await storm(2, 10);
    })();
    const runs: Finished[] = [];
    for (const next of [first, undefined, undefined]) {
      const agent = next ?? (await start(args, AWAY));
      await agent.until(() => agent.events().length > 0);
      runs.push(await agent.stop());
    }
    over = true;
    await storms;
    runs.push(await (await start(args, AWAY)).stop());
    for (const run of runs) assert.doesNotMatch(assertNothingLost(run) && run.stderr, /NOT EQUAL/);
    const ids = runs.flatMap(({ stdout }) => parseLines(stdout)).map(({ spanId }) => spanId);
    const { begins } = Object.fromEntries(runs.at(-1)!.books!.equations.map(({ name, total }) => [name, total]));
    assert.deepEqual([ids.length, new Set(ids).size], [begins, begins]);
  });

  it('leaves to the next agent what happens while the outputs are closed', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'compactstall-pin-'));
    try {
      const spool = ['--output', 'otlp', '--spool', join(scratch, 'spool')];
      chmodSync(scratch, 0o755);
      // A collector that does not answer makes the end take a while.
      const silent = createServer((socket) => socket.unref())
        .listen(0, '127.0.0.1')
        .unref();
      await once(silent, 'listening');
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
      const agent = await new Agent(['--pin', folder, ...ALL, ...spool], { books: true, env }).attached();
      const compacting = storm(2, 60);
      await sleep(300);
      const ending = agent.stop();
      await compacting;
      assertNothingLost(await ending);
      silent.close();
      assertNothingLost(await (await start(['--verify'])).stop());
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  it('leaves to the next agent also what the limit leaves out while the outputs are closed', async (t) => {
    const limited = ['--max-spans-per-second', '5', ...ALL.slice(2), '--output', 'json', '--output', 'otlp'];
    const args = ['--pin', folder, ...limited, '--spool', join(openFolder(t), 'spool')];
    // A collector that does not answer makes the end take a while.
    const silent = createServer((socket) => socket.unref())
      .listen(0, '127.0.0.1')
      .unref();
    await once(silent, 'listening');
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const agent = await new Agent(args, { books: true, env }).attached();
    compact(COMPACT_MEMORY, 1);
    await agent.until(() => agent.events().length > 0);
    // It sleeps, and the next record wakes it.
    await sleep(200);
    const ending = agent.stop();
    await agent.until(() => agent.stderr.includes('delivering'));
    await storm(2, 60);
    const one = await ending;
    silent.close();
    assertNothingLost(one);
    const two = await (await new Agent(args, { books: true, env: AWAY }).attached()).stop();
    const books = assertNothingLost(two);
    const reported = [one, two].flatMap(({ stdout }) => gapsIn(stdout)).map(({ reason, count }) => [reason, count]);
    assert.ok(reported.every(([reason]) => reason === 'rate'));
    const sum = reported.reduce((all, [, count]) => all + Number(count), 0);
    assert.equal(sum, termOf(books, 'paired', 'filtered{rate}'));
  });

  it('with other options, replaces the programs, and says and counts what is lost by that', async () => {
    assertNothingLost(await (await start()).stop());
    compact(COMPACT_MEMORY, 5);
    const { code, stdout, stderr, books } = await (await start(['--min-duration', '1us', '--output', 'json'])).stop();
    const unread = Number(/were replaced\..* not read it: (\d+) records\./.exec(stderr)?.[1]);
    assert.ok(unread >= 5 * ZONES, stderr);
    assert.equal(code, 4);
    assert.deepEqual(books!.lost, { 'an agent before this one did not deliver it': unread });
    assert.deepEqual(reasonsOf(stdout), [['earlier_agent', unread]]);
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
  it('lose nothing: every compaction is in a record or counted, and the pages are those of /proc/vmstat', async (t) => {
    const output = join(openFolder(t), 'events');
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
  });
});

describe('a kill', () => {
  it('after an output has delivered: what comes again has the same ids', async (t) => {
    const output = join(openFolder(t), 'events');
    // Spans wait for the collector, so nothing is settled.
    const args = ['--output', 'otlp', '--output', `json:${output}`];
    const delivered = () => {
      const events = existsSync(output) ? parseLines(readFileSync(output, 'utf8')) : [];
      return events.filter(({ pid }) => pid === process.pid).map(({ traceId, spanId }) => `${traceId} ${spanId}`);
    };
    const first = await start(args, AWAY);
    compact(COMPACT_MEMORY, 3);
    await first.until(() => delivered().length === 3 * ZONES);
    await first.stop('SIGKILL');
    const once = delivered();
    const second = await start(args, AWAY);
    await second.until(() => delivered().length === 6 * ZONES);
    await second.stop('SIGKILL');
    assert.equal(new Set(once).size, 3 * ZONES);
    assert.deepEqual(delivered().slice(3 * ZONES), once);
  });

  it('with a spool, and a collector that is away: it gets every compaction afterwards', async (t) => {
    // An eighth of this ring holds all that the agent reads before the disk has it, however slow that is.
    const args = ['--ring-size', '8M', '--output', 'otlp', '--spool', join(openFolder(t), 'spool')];
    const server = await startGrpcServer(t);
    let over = false;
    const first = await start(args, AWAY);
    const storms = (async () => {
      while (!over) await storm(2, 10);
    })();
    await sleep(300);
    await first.stop('SIGKILL');
    const second = await start(args, AWAY);
    await sleep(300);
    await second.stop('SIGKILL');
    const third = await start(args, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}` });
    over = true;
    await storms;
    const books = assertNothingLost(await third.stop());
    const [begins, ends] = [totalOf(books, 'begins'), totalOf(books, 'ends')];
    const ids = new Set(server.spans.map(({ spanId }) => spanId));
    console.log(`${begins} compactions, ${server.spans.length - ids.size} delivered twice`);
    assert.ok(begins > 0);
    assert.deepEqual([ends, ids.size], [begins, begins]);
  });
});

describe('losses of a ring that is too small', () => {
  const small = ['--ring-size', '4K', '--output', 'json'];
  /** More than the ring holds, while the agent cannot read. */
  const lose = (agent: Agent) => {
    agent.child.kill('SIGSTOP');
    compact(COMPACT_MEMORY, 23);
    agent.child.kill('SIGCONT');
  };
  const lostIn = (runs: readonly Finished[]) =>
    runs.flatMap(({ stdout }) => gapsIn(stdout)).reduce((sum, { count }) => sum + count, 0);

  it('are reported once, over all agents', async () => {
    const runs: Finished[] = [];
    for (let i = 0; i < 3; i++) {
      const agent = await start(small);
      if (i < 2) lose(agent);
      if (i === 0) await agent.until(() => gapsIn(agent.stdout).length > 0);
      runs.push(await agent.stop());
    }
    const books = runs.at(-1)!.books!;
    const full = termOf(books, 'paired', 'dropped{ring_full}');
    assert.ok(full > 0);
    assert.deepEqual([lostIn(runs), books.balances], [full, true]);
    assert.equal(termOf(books, 'lost', 'reported{ring_full}'), full);
    assert.deepEqual(gapsIn(runs[2]!.stdout), [], 'the third one has lost nothing');
  });

  it('are reported by the next agent where the last one was killed before it could, from where that one had looked', async () => {
    const first = await start(small);
    const from = BigInt(Date.now()) * 1_000_000n;
    first.child.kill('SIGSTOP');
    compact(COMPACT_MEMORY, 23);
    const to = BigInt(Date.now()) * 1_000_000n;
    const one = await first.stop('SIGKILL');
    const two = await (await start(small)).stop();
    const full = termOf(two.books!, 'paired', 'dropped{ring_full}');
    assert.deepEqual([reasonsOf(one.stdout), reasonsOf(two.stdout)], [[], [['ring_full', full]]]);
    const [{ startUnixNano, durationNano }] = gapsIn(two.stdout) as [NotRecordedEvent];
    const begin = BigInt(startUnixNano);
    assert.ok(begin <= from && to <= begin + BigInt(durationNano));
    assert.equal(two.books!.balances, true);
  });
});

describe('programs that nobody goes on with', () => {
  /** Longer than an emulated machine keeps an agent waiting. */
  const TTL = ['--pin-ttl', '3s'];
  const LONGER_MS = 3500;

  it('stop recording after --pin-ttl, and count', async () => {
    assertNothingLost(await (await start(TTL)).stop());
    await sleep(LONGER_MS);
    const from = BigInt(Date.now()) * 1_000_000n;
    compact(COMPACT_MEMORY, 3);
    const { code, stdout, stderr, books } = await (await start(['--verify', '--output', 'json'])).stop();
    const unrecorded = termOf(books!, 'begins', 'evicted{expired}');
    assert.ok(unrecorded >= 3 * ZONES, stderr);
    assert.deepEqual(
      [code, books!.balances, books!.lost],
      [4, true, { 'no agent was there for longer than --pin-ttl': unrecorded }],
    );
    assert.deepEqual(reasonsOf(stdout), [['expired', unrecorded]]);
    assert.ok(BigInt(gapsIn(stdout)[0]!.startUnixNano) <= from);
    assert.doesNotMatch(stderr, /NOT EQUAL/);
  });

  it('record again once an agent is there, however long it sleeps', async () => {
    assertNothingLost(await (await start(TTL)).stop());
    await sleep(LONGER_MS);
    const agent = await start([...TTL, '--output', 'json']);
    await sleep(LONGER_MS);
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

  it('is of another user, but root may remove it', async () => {
    assertNothingLost(await (await start()).stop());
    chownSync(folder, 65534, 65534);
    chmodSync(folder, 0o777);
    // afterEach() does.
    const { code, stderr } = await runToEnd(['run', '--output', 'none', '--pin', folder]);
    assert.equal(code, 1);
    assert.match(stderr, /it belongs to the user 65534/);
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
