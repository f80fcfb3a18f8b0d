// SPDX-License-Identifier: Apache-2.0
/** Every state that a crash may leave of the spool's folder, and what the next run makes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpoolFile } from '../../../src/spool/files.ts';
import { encodeCursor, recordHeader, segmentHeader } from '../../../src/spool/format.ts';
import type { SpoolLimits } from '../../../src/spool/limits.ts';
import type { TakenRequest } from '../../../src/spool/request.ts';
import { segmentName } from '../../../src/spool/segment-store.ts';
import { Spool, type SpoolEvents } from '../../../src/spool/spool.ts';
import { faultsOf } from '../../support/spool-oracle.ts';
import { CrashFiles, type State } from './crash-files.ts';

/** What the spool has promised, by the numbers of requests. */
type Told =
  | { what: 'safe' | 'delivered' | 'noted' | 'giving up' | 'given up'; numbers: readonly number[] }
  | { what: 'damage counted' }
  | { what: 'gone'; names: readonly string[] };

const LIMITS: SpoolLimits = {
  bytes: 1e9,
  ageMs: 1e9,
  segmentBytes: 900,
  memoryBytes: 1500,
  syncBytes: 1e9,
  syncMs: 1e8,
  noteMs: 1e8,
  retryMs: 1e8,
  closeMs: 60_000,
};
const SALT = 0x5eed;
/** Requests of an earlier run, and between them one that is damaged. */
const EARLIER = [101, 102];
const DAMAGED = 103;

const isLarge = (number: number) => number === 3;
const spansOf = (number: number) => 1 + (number % 3);

/** A request whose bytes say which one it is: most are small, one is larger than what a disk writes at once. */
function request(number: number) {
  const bytes = Buffer.alloc(isLarge(number) ? 5000 : 300, number);
  bytes.writeUInt32LE(number);
  return { bytes, spans: spansOf(number) };
}

const numberOf = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).readUInt32LE();

/** A segment with two requests, and between them one whose bytes have changed. */
function damagedSegment(): [string, Buffer] {
  const record = (number: number) => {
    const { bytes, spans } = request(number);
    return Buffer.concat([recordHeader(bytes, { spans, unixMs: Date.now() }, SALT), bytes]);
  };
  const changed = record(DAMAGED);
  changed[100]! ^= 1;
  return [segmentName(1), Buffer.concat([segmentHeader(1, SALT), record(EARLIER[0]!), changed, record(EARLIER[1]!)])];
}

class Run {
  readonly spool: Spool;
  /** Called with the spans that a full folder takes. */
  onFull = (_: number) => {};
  /** Whether the disk is full. */
  isFailing = false;
  /** The names of damaged segments. */
  readonly damaged: string[] = [];

  constructor(files: CrashFiles<Told>, limits: Partial<SpoolLimits> = {}) {
    const events: SpoolEvents = {
      recovered() {},
      dropped: (reason, spans) => {
        if (reason === 'spool_full') this.onFull(spans);
      },
      damaged: (file) => this.damaged.push(file),
      failing: (error) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        this.isFailing = true;
      },
      works: () => {
        this.isFailing = false;
      },
    };
    this.spool = new Spool({ files, limits: { ...LIMITS, ...limits }, events, newSalt: () => SALT + 1 });
  }

  /** Takes so many requests, or all, and calls them delivered. */
  async deliver(count = Number.POSITIVE_INFINITY, onDelivered = (_: TakenRequest) => {}): Promise<TakenRequest[]> {
    const taken: TakenRequest[] = [];
    while (taken.length < count) {
      const next = await this.spool.next();
      if (!next) break;
      taken.push(next);
      onDelivered(next);
      this.spool.settled(next);
    }
    return taken;
  }
}

/** A day of the spool: three segments of its own after one of an earlier run, which is damaged. */
async function workload(files: CrashFiles<Told>, limits: Partial<SpoolLimits> = {}): Promise<void> {
  const run = new Run(files, limits);
  const { spool } = run;
  let last = 0;
  const push = (count: number) => {
    for (let i = 0; i < count; i++) spool.push(request(++last));
  };
  const given: number[] = [];
  // The oldest that were not delivered.
  run.onFull = (spans) => {
    let rest = spans;
    const oldest = [...EARLIER, ...numbersTo(last)].filter((n) => !delivered.includes(n) && !given.includes(n));
    while (rest > 0) {
      const number = oldest.shift()!;
      given.push(number);
      rest -= spansOf(number);
    }
    assert.equal(rest, 0);
    files.tell({ what: 'giving up', numbers: [...given] });
  };
  const commit = async () => {
    await spool.commit();
    files.tell({ what: 'given up', numbers: [...given] });
    files.tell({ what: 'safe', numbers: numbersTo(last) });
  };
  const delivered: number[] = [];
  const deliver = (count?: number) =>
    run.deliver(count, (taken) => {
      delivered.push(numberOf(taken));
      files.tell({ what: 'delivered', numbers: [numberOf(taken)] });
    });
  const note = async () => {
    await spool.note();
    if (run.isFailing) return;
    files.tell({ what: 'noted', numbers: [...delivered] });
    files.tell({ what: 'gone', names: files.gone });
    if (EARLIER.every((number) => delivered.includes(number))) files.tell({ what: 'damage counted' });
  };
  // Written, and not synced.
  const write = async (count: number) => {
    push(count);
    await spool.note();
  };
  await spool.open();
  files.tell({ what: 'safe', numbers: EARLIER });
  await write(2);
  await commit();
  await deliver(1);
  await note();
  await write(1);
  await write(2);
  await commit();
  await deliver(1);
  await note();
  await deliver(2);
  await note();
  await write(3);
  await deliver(1);
  await commit();
  await write(1);
  await deliver(2);
  await note();
  await commit();
  await write(2);
  await deliver();
  await note();
  await write(2);
  await spool.close();
  await commit();
}

const numbersTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** What is wrong with what the next run makes of a state; empty when nothing is. */
async function judge(state: State, told: readonly Told[]): Promise<string[]> {
  const of = (what: Told['what']) =>
    new Set(told.flatMap((one) => (one.what === what && 'numbers' in one ? one.numbers : [])));
  const [safe, before, noted, given] = [of('safe'), of('delivered'), of('noted'), of('given up')];
  const giving = of('giving up');
  const gone = told.flatMap((one) => (one.what === 'gone' ? one.names : []));
  const faults = gone.filter((name) => state.has(name)).map((name) => `${name} was removed, and is there`);
  const files = new CrashFiles<Told>(state);
  const run = new Run(files);
  await run.spool.open();
  const delivered = await run.deliver();
  const after = new Set(delivered.map(numberOf));
  const whole = delivered.map((taken) => {
    const number = numberOf(taken);
    return { number, isWhole: request(number).bytes.equals(taken.bytes) };
  });
  const isIssued = (number: number) => number !== DAMAGED;
  faults.push(...faultsOf({ safe, before, after: whole, givenUp: giving, isIssued }));
  for (const { number } of whole) {
    if (noted.has(number)) faults.push(`${number} was noted as delivered, and comes again`);
    if (given.has(number)) faults.push(`${number} was counted as given up, and comes`);
  }
  if (after.size !== delivered.length) faults.push('a request comes twice');
  if (run.damaged.includes(segmentName(1)) && told.some(({ what }) => what === 'damage counted'))
    faults.push('the damage is counted twice');
  // It works on.
  run.spool.push(request(77));
  await run.spool.close();
  const next = new Run(files);
  await next.spool.open();
  const rest = (await next.deliver()).map(numberOf);
  await next.spool.close();
  if (rest.join() !== '77') faults.push(`the run after has ${rest.join()} instead of what was pushed`);
  return faults;
}

/** A disk on which a new segment takes all room, and the removal of one gives some. */
class FullFiles extends CrashFiles<Told> {
  #hasRoom = true;
  /** How often there was no room for a cursor. */
  refusals = 0;

  override create(name: string): Promise<SpoolFile> {
    if (name.endsWith('.spool')) this.#hasRoom = false;
    else if (!this.#hasRoom) {
      this.refusals += 1;
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    return super.create(name);
  }

  override async unlink(name: string): Promise<void> {
    await super.unlink(name);
    this.#hasRoom = true;
  }
}

const withDamage = () => new Map([damagedSegment()]);

async function crash(limits: Partial<SpoolLimits>, files: CrashFiles<Told>, isOneEnough = false) {
  await workload(files, limits);
  const faults = new Set<string>();
  let states = 0;
  for (const { state, told } of files.crashes()) {
    states += 1;
    for (const fault of await judge(state, told)) faults.add(fault);
    if (isOneEnough && faults.size > 0) break;
  }
  return { faults: [...faults], states, syncs: [...files.syncs] };
}

/** Every sync. */
const SYNCS = [
  'requests in a segment',
  'the name of a new segment',
  'the cursor’s bytes',
  'the name of the cursor',
  'the removal of a segment',
  'the name of a segment set aside',
];

const WAYS: readonly [string, Partial<SpoolLimits>][] = [
  ['most requests on the disk only', { memoryBytes: 1 }],
  ['all requests in memory as well', { memoryBytes: 1e9 }],
  ['a sync after each request', { memoryBytes: 1e9, syncBytes: 1 }],
  ['a folder that is full', { memoryBytes: 1, bytes: 3500 }],
  ['a folder that is full, and all in memory', { memoryBytes: 1e9, bytes: 3500 }],
];

for (const [way, limits] of WAYS) {
  test(`${way}: after every crash what was safe comes, what was noted does not come again, and it works on`, async (t) => {
    const { faults, states, syncs } = await crash(limits, new CrashFiles<Told>(withDamage()));
    t.diagnostic(`${states} states`);
    assert.deepEqual(faults, []);
    assert.ok(states > 100, String(states));
    assert.deepEqual(syncs.sort(), [...SYNCS].sort());
  });
}

test('a disk without room for the cursor: the same, but what was written again may come twice', async (t) => {
  const files = new FullFiles(withDamage());
  const { faults, states } = await crash({ memoryBytes: 1e9 }, files);
  t.diagnostic(`${states} states, ${files.refusals} times no room`);
  assert.deepEqual(faults, ['a request comes twice']);
  assert.ok(states > 100 && files.refusals > 3, `${states} ${files.refusals}`);
});

test('segments were removed before the cursor was noted: none has the number again to which it points', async () => {
  const cursor = encodeCursor({ segment: 3, offset: 5000 });
  const files = new CrashFiles<Told>(new Map([['cursor', cursor]]));
  const run = new Run(files);
  await run.spool.open();
  run.spool.push(request(1));
  await run.spool.commit();
  const next = new Run(files);
  await next.spool.open();
  const delivered = (await next.deliver()).map(numberOf);
  for (const { spool } of [run, next]) await spool.close();
  assert.deepEqual(delivered, [1]);
});

for (const sync of SYNCS) {
  test(`without the sync of ${sync} a crash shows it`, async () => {
    const { faults } = await crash({}, new CrashFiles<Told>(withDamage(), sync), true);
    assert.notDeepEqual(faults, []);
  });
}
