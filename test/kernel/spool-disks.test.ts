// SPDX-License-Identifier: Apache-2.0
/** --spool on real file systems that are full, read-only or fail: what waits is in memory meanwhile, and nothing of it is lost. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../harness/child.ts';
import type { SegmentReport } from '../../src/spool/inspect.ts';
import { runToEnd } from '../support/agent.ts';
import { assertNothingLost } from '../support/books.ts';
import { FedAgent } from '../support/outage.ts';
import { type FileSystem, SmallDisk } from '../support/small-disk.ts';
import { stored } from '../support/spool.ts';
import { event } from '../unit/fixtures.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9';
const fifos = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(fifos, { recursive: true }));

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const idsOf = (from: number, to: number) => numbers(from, to).map((number) => event(number).spanId);
const occurrences = (text: string, what: RegExp) => text.match(new RegExp(what, 'g'))?.length ?? 0;

/** Resolves when the books of a running agent end so. */
async function hasCounted({ agent }: FedAgent, terms: string): Promise<void> {
  const line = new RegExp(`^ {2}(otlp|decoded) .* = 0 exported by otlp \\+ ${terms}$`, 'm');
  while (!line.test(agent.stderr)) {
    agent.child.kill('SIGUSR2');
    await sleep(100);
  }
}

class Scene {
  readonly #t: TestContext;
  readonly #disk: SmallDisk;
  /** The folder, as the agent sees it, and from outside. */
  readonly folder: string;
  readonly outside: string;

  constructor(t: TestContext, disk: SmallDisk) {
    this.#t = t;
    this.#disk = disk;
    this.folder = join(disk.path, 'spool');
    this.outside = join(disk.outside, 'spool');
  }

  start(endpoint: string, ...words: string[]): FedAgent {
    const fed = new FedAgent(fifos, ['--spool', this.folder, ...words], endpoint, { under: this.#disk.under });
    this.#t.after(() => fed.agent.stop('SIGKILL'));
    return fed;
  }

  /** Starts an agent with a collector, which gets all that waits. @returns the ids, in the order in which they came */
  async delivered(count: number): Promise<string[]> {
    const server = await startGrpcServer(this.#t);
    const fed = this.start(`http://127.0.0.1:${server.port}`);
    while (server.spans.length < count) await sleep(20);
    const finished = await fed.end();
    assertNothingLost(finished);
    assert.doesNotMatch(finished.stderr, /damaged/);
    assert.deepEqual(await this.left(), []);
    return server.spans.map(({ spanId }) => spanId);
  }

  /** The files with requests that wait. */
  async left(): Promise<SegmentReport[]> {
    const { code, stdout, stderr } = await runToEnd(['spool', 'verify', '--json', this.folder], {
      under: this.#disk.under,
    });
    assert.equal(code, 0, stderr + stdout);
    return JSON.parse(stdout);
  }

  /** Resolves when the agent has tried the folder again: it makes a segment there. */
  async triedAgain(): Promise<void> {
    const changed = () => statSync(this.outside, { bigint: true }).mtimeNs;
    for (const before = changed(); changed() === before; ) await sleep(20);
  }
}

interface Fault {
  what: string;
  type: FileSystem;
  words: string;
  begin: (disk: SmallDisk) => void;
  end: (disk: SmallDisk) => void;
  /** Before the agent that sees it starts. */
  prepare?: (disk: SmallDisk) => void;
  /** Whether that agent has written nothing yet. A file system with a file that is being written cannot be made read-only. */
  isBeforeWriting?: boolean;
}

const FAULTS: readonly Fault[] = [
  ...(['tmpfs', 'ext4'] as const).map((type) => ({
    ...{ what: `${type}: the disk is full`, type, words: 'no space left on device' },
    ...{ begin: (disk: SmallDisk) => disk.fill(), end: (disk: SmallDisk) => disk.free() },
  })),
  {
    ...{ what: 'the device fails', type: 'ext2', words: 'i/o error' },
    ...{ prepare: (disk) => disk.growFull(), begin: (disk) => disk.failHalf(), end: (disk) => disk.healHalf() },
    isBeforeWriting: true,
  },
  {
    ...{ what: 'ext4: it is remounted read-only', type: 'ext4', words: 'read-only file system', isBeforeWriting: true },
    ...{ begin: (disk) => disk.forbidWrites(), end: (disk) => disk.allowWrites() },
  },
];

for (const { what, type, words, prepare, begin, end, isBeforeWriting } of FAULTS) {
  it(`${what}, for a while: reported once, kept in memory, tried again, and stored in the end`, async (t) => {
    const disk = await SmallDisk.mount(t, type);
    const scene = new Scene(t, disk);
    const earlier = scene.start(AWAY);
    await earlier.give(numbers(0, 200));
    await stored(scene.outside, 200);
    await earlier.kill();
    prepare?.(disk);

    const fed = scene.start(AWAY);
    await fed.agent.until(() => /earlier runs have left/.test(fed.agent.stderr));
    const safe = isBeforeWriting ? 200 : 307;
    await fed.give(numbers(200, safe));
    await stored(scene.outside, safe);
    begin(disk);
    await fed.give(numbers(safe, 900));
    const complaint = new RegExp(`cannot use the spool \\S+: ${words}; spans wait in memory, and it is tried again\\.`);
    await fed.agent.until(() => complaint.test(fed.agent.stderr));
    // A try makes a file, where it can.
    if (words !== 'read-only file system') await scene.triedAgain();
    await fed.give(numbers(900, 1201));
    await hasCounted(fed, `0 dropped \\+ ${1201 - safe} queued \\+ ${safe} spooled`);
    end(disk);
    await fed.agent.until(() => /the spool \S+ works again\./.test(fed.agent.stderr));
    await stored(scene.outside, 1201);
    assert.equal(occurrences(fed.agent.stderr, /cannot use the spool/), 1, fed.agent.stderr);
    await fed.kill();

    assert.deepEqual(await scene.delivered(1201), idsOf(0, 1201));
  });
}

for (const type of ['tmpfs', 'ext4'] as const) {
  describe(`${type} that the spool itself has filled`, () => {
    const COUNT = 7000;
    let port: number;

    /** An agent that has filled it, and has the rest in memory. */
    async function fill(t: TestContext): Promise<{ scene: Scene; fed: FedAgent }> {
      [port] = (await freePorts(1)) as [number];
      const scene = new Scene(t, await SmallDisk.mount(t, type));
      const fed = scene.start(`http://127.0.0.1:${port}`);
      await fed.give(numbers(0, COUNT));
      await fed.agent.until(() => /no space left on device; spans wait in memory/.test(fed.agent.stderr));
      return { scene, fed };
    }

    it('what is delivered makes room, and it works again', async (t) => {
      const { scene, fed } = await fill(t);
      const server = await startGrpcServer(t, undefined, { port });
      await fed.agent.until(() => /the spool \S+ works again\./.test(fed.agent.stderr));
      await fed.give(numbers(COUNT, COUNT + 300));
      assertNothingLost(await fed.end());
      const ids = server.spans.map(({ spanId }) => spanId);
      assert.deepEqual(ids.sort(), idsOf(0, COUNT + 300).sort());
      assert.deepEqual(await scene.left(), []);
    });

    it('the next agent sends what it finds, and has room again', async (t) => {
      const { scene, fed } = await fill(t);
      await fed.kill();
      const found = (await scene.left()).reduce((sum, { spans }) => sum + spans, 0);
      assert.ok(found > 0 && found < COUNT);
      const ids = await scene.delivered(found);
      assert.deepEqual(ids, idsOf(0, found));
    });
  });
}

it('ext4 gives up, as it does without a journal: what waits in memory is counted at the end, and the next agent has the rest', async (t) => {
  const disk = await SmallDisk.mount(t, 'ext4');
  const scene = new Scene(t, disk);
  const fed = scene.start(AWAY);
  await fed.give(numbers(0, 307));
  await hasCounted(fed, '0 dropped \\+ 0 queued \\+ 307 spooled');
  disk.abort();
  await fed.give(numbers(307, 500));
  await fed.agent.until(() => /read-only file system; spans wait in memory/.test(fed.agent.stderr));
  const { code, stderr, books } = await fed.agent.stop();
  assert.equal(code, 4, stderr);
  assert.deepEqual([books!.balances, books!.lost], [true, { 'otlp dropped it: shutdown': 193 }]);
  assert.match(stderr, /: 307 spans stay in the spool \S+; the next run sends them\./);
  disk.mountAgain();
  assert.deepEqual(await scene.delivered(307), idsOf(0, 307));
});

it('a damaged file system: the message has the kernel’s word for it, which Node.js does not know', async (t) => {
  const disk = await SmallDisk.mount(t, 'ext4');
  mkdirSync(join(disk.outside, 'spool'));
  disk.destroy('spool');
  const { code, stderr } = await runToEnd(['spool', 'ls', join(disk.path, 'spool')], { under: disk.under });
  assert.equal(code, 1);
  assert.match(stderr, /^compactstall: cannot use the spool \S+: structure needs cleaning\.\n$/);
});
