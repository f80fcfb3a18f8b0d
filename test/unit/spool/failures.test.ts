// SPDX-License-Identifier: Apache-2.0
/** A disk that is full, fails, or may not be written: what waits is kept in memory, and stored when it works again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpoolFile } from '../../../src/spool/files.ts';
import { limitsFor } from '../../../src/spool/limits.ts';
import { Spool, type SpoolEvents } from '../../../src/spool/spool.ts';
import { CrashFiles } from './crash-files.ts';

const CALLS = ['create', 'append', 'dataSync', 'syncFolder', 'rename', 'unlink'] as const;
type Call = (typeof CALLS)[number];

class FailingFiles extends CrashFiles<never> {
  /** The calls that are refused. */
  readonly refused = new Set<Call>();
  /** All calls that were made. */
  readonly calls: Call[] = [];
  /** What a sync waits for. */
  answer: Promise<void> = Promise.resolve();

  override async create(name: string): Promise<SpoolFile> {
    this.#check('create');
    const file = await super.create(name);
    return {
      append: async (parts) => {
        this.#check('append');
        await file.append(parts);
      },
      dataSync: async () => {
        this.#check('dataSync');
        await this.answer;
        await file.dataSync();
      },
      close: () => file.close(),
    };
  }

  override async syncFolder(): Promise<void> {
    this.#check('syncFolder');
    await super.syncFolder();
  }

  override async rename(from: string, to: string): Promise<void> {
    this.#check('rename');
    await super.rename(from, to);
  }

  override async unlink(name: string): Promise<void> {
    this.#check('unlink');
    await super.unlink(name);
  }

  #check(call: Call): void {
    this.calls.push(call);
    if (this.refused.has(call)) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }
}

function open(files: FailingFiles, memoryBytes: number, syncMs = 1e8) {
  const said: string[] = [];
  const events: SpoolEvents = {
    recovered() {},
    dropped: (reason, spans) => said.push(`${reason} ${spans}`),
    damaged: (file) => said.push(`damaged ${file}`),
    failing: (error) => said.push(`failing: ${(error as Error).message}`),
    works: () => said.push('works'),
  };
  const limits = {
    ...limitsFor(1e9, 1e9),
    segmentBytes: 1000,
    memoryBytes,
    syncMs,
    noteMs: 1e8,
    retryMs: 1e8,
    closeMs: 50,
  };
  return { spool: new Spool({ files, limits, events, newSalt: () => 1 }), said };
}

const request = (number: number) => ({ bytes: Buffer.alloc(100, number), spans: 1 });

async function takeAll(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  for (let next = await spool.next(); next; next = await spool.next()) {
    numbers.push(next.bytes[0]!);
    spool.settled(next);
  }
  return numbers;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

for (const [where, memoryBytes] of [
  ['in memory', 1e9],
  ['on the disk only', 1],
] as const) {
  describe(`requests ${where}`, () => {
    for (const call of CALLS) {
      it(`${call} is refused for a while: reported once, nothing is lost or comes twice, and it is stored later`, async () => {
        const files = new FailingFiles();
        const { spool, said } = open(files, memoryBytes);
        await spool.open();
        for (const number of numbers(1, 20)) spool.push(request(number));
        await spool.commit();
        assert.equal(spool.safeSpans, 20);
        files.refused.add(call);
        const taken: number[] = [];
        for (const number of numbers(21, 60)) {
          spool.push(request(number));
          if (number % 10 === 0) await spool.commit();
          if (number % 3 === 0) {
            const next = await spool.next();
            taken.push(next!.bytes[0]!);
            spool.settled(next!);
          }
        }
        await spool.note();
        assert.equal(spool.safeSpans + spool.unsafeSpans, 60 - taken.length);
        assert.equal(said.filter((line) => line.startsWith('failing: no space')).length >= 1, true, said.join());
        files.refused.clear();
        await spool.commit();
        assert.equal(said.at(-1), 'works', said.join());
        assert.equal(spool.unsafeSpans, 0);
        assert.deepEqual([...taken, ...(await takeAll(spool))], numbers(1, 60));
        assert.equal(await spool.close(), true);
        const next = open(files, memoryBytes);
        await next.spool.open();
        assert.deepEqual(await takeAll(next.spool), []);
        await next.spool.close();
        assert.deepEqual(
          (await files.list()).map(({ name }) => name),
          ['cursor'],
        );
        assert.deepEqual(next.said, []);
      });
    }
  });
}

it('a disk that hangs: the end does not wait for it, and what is not safe is not said to be', async () => {
  const files = new FailingFiles();
  const { spool, said } = open(files, 1e9);
  await spool.open();
  for (const number of numbers(1, 5)) spool.push(request(number));
  await spool.commit();
  const hanging = Promise.withResolvers<void>();
  files.answer = hanging.promise;
  for (const number of numbers(6, 9)) spool.push(request(number));
  assert.equal(await spool.close(), false);
  assert.deepEqual([spool.safeSpans, spool.unsafeSpans], [5, 4]);
  assert.deepEqual(said, []);
  hanging.resolve();
});

it('what was written is synced in time, though there is more to write all the time', async () => {
  const files = new FailingFiles();
  const { spool } = open(files, 1e9, 0);
  await spool.open();
  for (const number of numbers(1, 3)) spool.push(request(number));
  await spool.commit();
  assert.equal(spool.safeSpans, 3);
  assert.deepEqual(files.calls, [
    ...['create', 'append', 'syncFolder'],
    ...['append', 'dataSync', 'append', 'dataSync', 'append', 'dataSync'],
  ]);
  await spool.close();
});
