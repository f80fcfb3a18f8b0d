// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOOKS, BOOKS_SIZE } from '../../../src/abi.generated.ts';
import { balances, equations, losses } from '../../../src/event/books.ts';
import { decodeKernelBooks, type KernelBooks, type SourceBooks } from '../../../src/event/source-books.ts';

const NAMES = Object.keys(BOOKS) as (keyof KernelBooks)[];

/** A run with a different number of events for each way to lose or leave one out. */
const KERNEL: KernelBooks = {
  begins: 100 + 3 + 5 + 7 + 9 + 14,
  ends: 100 + 11,
  paired: 100,
  openNow: 3,
  evictedTableFull: 5,
  evictedOverwritten: 7,
  evictedExpired: 14,
  evictedNoControl: 9,
  endWithoutBegin: 11,
  endPagesUnknown: 10,
  filteredPid: 1,
  filteredTrigger: 2,
  filteredMinDuration: 4,
  filteredRate: 0,
  emitted: 72,
  ringFull: 13,
  noScratch: 8,
  attemptUnknown: 6,
  stackTaken: 40,
  stackOmittedBudget: 30,
  stackOmittedMinDuration: 12,
  stackOmittedFailed: 3,
  stackNs: 0,
  stackBaseNs: 0,
  processEventsUnsent: 0,
  contextFound: 20,
  contextUnpublished: 60,
  contextStale: 2,
  contextNoBlock: 3,
  contextNoSpan: 24,
  contextUnreadable: 1,
  contextInvalid: 4,
  contextNotInMap: 1,
  migrateScanned: 0,
  freeScanned: 0,
  emittedMigrateScanned: 0,
  emittedFreeScanned: 0,
};
const ZERO = Object.fromEntries(NAMES.map((name) => [name, 0])) as KernelBooks;
const live = (kernel: Partial<KernelBooks> = {}, source: Partial<SourceBooks> = {}): SourceBooks => {
  const all = { ...KERNEL, ...kernel };
  return { kernel: all, programMisses: 0, received: 72, decoded: 72, malformed: 0, pendingBytes: 0, ...source };
};
const sink = (dropped: Record<string, number> = {}, queued = 0, decoded = 72) => ({
  name: 'otlp',
  books: {
    accepted: decoded,
    exported: decoded - queued - Object.values(dropped).reduce((sum, n) => sum + n, 0),
    queued,
    dropped,
  },
});
const unbalanced = (source: SourceBooks, sinks: Parameters<typeof equations>[1] = []) =>
  equations(source, sinks)
    .filter((equation) => !balances(equation))
    .map(({ name }) => name);

describe('the kernel’s books', () => {
  it('are read at the offsets of the ABI', () => {
    const bytes = Buffer.alloc(BOOKS_SIZE);
    for (const [i, name] of NAMES.entries()) {
      bytes.writeBigInt64LE(BigInt((i + 1) * 1_000_000_007), BOOKS[name].offset);
    }
    assert.deepEqual(
      decodeKernelBooks(bytes),
      Object.fromEntries(NAMES.map((name, i) => [name, (i + 1) * 1_000_000_007])),
    );
  });

  it('open_now may be below zero while a program runs', () => {
    const bytes = Buffer.alloc(BOOKS_SIZE);
    bytes.writeBigInt64LE(-1n, BOOKS.openNow.offset);
    assert.equal(decodeKernelBooks(bytes).openNow, -1);
  });
});

describe('equations', () => {
  it('are those of the design, in its order', () => {
    assert.deepEqual(
      equations(live(), [sink({ queue_full: 2 }, 3)]).map(({ name, total, terms }) => [
        name,
        total,
        terms.map(([label]) => label),
      ]),
      [
        [
          'begins',
          138,
          ['paired', 'open', 'evicted{table_full}', 'evicted{overwritten}', 'evicted{no_control}', 'evicted{expired}'],
        ],
        [
          'begins',
          138,
          [
            'with context',
            ...[
              'unpublished',
              'no_span',
              'no_block',
              'stale',
              'unreadable',
              'invalid',
              'not_in_map',
              'no_control',
              'expired',
            ].map((reason) => `without{${reason}}`),
          ],
        ],
        ['ends', 111, ['paired', 'without begin']],
        [
          'paired',
          100,
          [
            ...['emitted', 'filtered{pid}', 'filtered{trigger}', 'filtered{min_duration}', 'filtered{rate}'],
            ...['dropped{ring_full}', 'dropped{no_scratch}'],
          ],
        ],
        [
          'paired',
          100,
          [
            ...['with stack', 'omitted{budget}', 'omitted{min_duration}', 'omitted{failed}'],
            ...[
              'filtered{pid}',
              'filtered{trigger}',
              'filtered{min_duration}',
              'filtered{rate}',
              'dropped{no_scratch}',
            ],
          ],
        ],
        ['emitted', 72, ['received', 'in ring']],
        ['received', 72, ['decoded', 'malformed']],
        ['decoded', 72, ['exported by otlp', 'dropped{none}', 'dropped{queue_full}', 'queued']],
      ],
    );
  });

  it('of a spool have what waits in it, and what earlier runs have left', () => {
    const { name, books } = sink({}, 3);
    const kept = { name, books: { ...books, exported: 40, spooled: 29, recovered: 0 } };
    const [, ...ofSink] = equations({ received: 72, decoded: 72, malformed: 0, pendingBytes: 0 }, [kept]);
    assert.deepEqual(
      ofSink.map((equation) => [equation.name, equation.total, equation.terms]),
      [
        [
          'decoded',
          72,
          [
            ['exported by otlp', 40],
            ['dropped{none}', 0],
            ['queued', 3],
            ['spooled', 29],
          ],
        ],
      ],
    );
    const left = { name, books: { ...kept.books, exported: 140, recovered: 100 } };
    const both = equations({ received: 72, decoded: 72, malformed: 0, pendingBytes: 0 }, [left]).slice(1);
    assert.deepEqual(
      both.map((equation) => [equation.name, equation.total, balances(equation)]),
      [
        ['otlp', 172, true],
        ['otlp', 172, true],
      ],
    );
    assert.deepEqual(both[0]!.terms, [
      ['decoded', 72],
      ['recovered', 100],
    ]);
    assert.deepEqual(
      losses({ received: 72, decoded: 72, malformed: 0, pendingBytes: 0 }, [kept]),
      new Map([['otlp still had it queued', 3]]),
    );
  });

  it('have no line for stacks when none is wanted', () => {
    const none = { stackTaken: 0, stackOmittedBudget: 0, stackOmittedMinDuration: 0, stackOmittedFailed: 0 };
    assert.equal(equations(live(none), []).filter(({ name }) => name === 'paired').length, 1);
    assert.deepEqual(unbalanced(live(none)), []);
  });

  it('what the limit left out is filtered, and all of it is in events', () => {
    const notRecorded = { events: 3, compactions: { rate: 1000 } };
    const source = live(
      { begins: 1138, ends: 1111, paired: 1100, contextFound: 1020, filteredRate: 1000 },
      { notRecorded },
    );
    const all = equations(source, [sink({}, 0, 75)]);
    assert.deepEqual(unbalanced(source, [sink({}, 0, 75)]), []);
    assert.deepEqual(
      all.slice(3).map(({ name, total }) => [name, total]),
      [
        ['paired', 1100],
        ['paired', 1100],
        ['filtered', 1000],
        ['emitted', 72],
        ['received', 72],
        ['events', 75],
        ['events', 75],
      ],
    );
    assert.deepEqual(unbalanced({ ...source, notRecorded: { events: 3, compactions: { rate: 999, ring_full: 1 } } }), [
      'filtered',
    ]);
    assert.deepEqual(unbalanced(source, [sink()]), ['events']);
    assert.deepEqual(Object.fromEntries(losses(live({ ...ZERO, filteredRate: 9 }), [])), {});
  });

  it('have what is lost and what events report of it, where the source reports it', () => {
    const reported = { ring_full: 13, table_full: 5, overwritten: 7, no_control: 9, no_scratch: 8, expired: 14 };
    const notRecorded = {
      events: 9,
      compactions: { ...reported, skipped: 4, malformed: 1, earlier_agent: 2, rate: 0 },
    };
    const lost: Partial<SourceBooks> = { received: 72, decoded: 71, malformed: 1, programMisses: 4 };
    const source = live(
      {},
      { ...lost, earlier: { events: 0, lost: 6, undelivered: 2 }, reportsLosses: true, notRecorded },
    );
    assert.deepEqual(unbalanced(source), []);
    const { total, terms } = equations(source, []).find(({ name }) => name === 'lost')!;
    const { rate: _, ...compactions } = notRecorded.compactions;
    const labels = Object.entries(compactions).map(([reason, n]) => [`reported{${reason}}`, n]);
    assert.deepEqual([total, Object.fromEntries(terms)], [63, Object.fromEntries(labels)]);

    for (const reason of Object.keys(compactions)) {
      const without = { ...notRecorded.compactions, [reason]: 0 };
      assert.deepEqual(unbalanced({ ...source, notRecorded: { events: 9, compactions: without } }), ['lost'], reason);
    }
    const { notRecorded: __, ...unreported } = source;
    assert.deepEqual(unbalanced(unreported), ['lost']);
    assert.deepEqual(unbalanced({ ...unreported, reportsLosses: false }), []);
    const none = live(ZERO, { received: 0, decoded: 0, reportsLosses: true });
    assert.equal(equations(none, []).some(({ name }) => name === 'lost'), false); // biome-ignore format: one line
  });

  it('include probes, if there are any', () => {
    const probes = { made: 9, open: 1, publishing: 2, without: { no_symbol: 5, no_answer: 1 } };
    const all = equations(live({}, { probes }), []);
    assert.deepEqual(
      all.find(({ name }) => name === 'probes'),
      {
        name: 'probes',
        total: 9,
        terms: [
          ['publishing', 2],
          ['without{none}', 0],
          ['without{no_symbol}', 5],
          ['without{no_answer}', 1],
          ['open', 1],
        ],
      },
    );
    assert.deepEqual(unbalanced(live({}, { probes: { ...probes, made: 10 } })), ['probes']);
  });

  it('balance when every event is accounted for', () => {
    assert.deepEqual(unbalanced(live(), [sink(), sink({ queue_full: 2, closed: 1 }, 3)]), []);
  });

  for (const [counter, broken] of [
    ['begins', ['begins', 'begins']],
    ['openNow', ['begins']],
    ['evictedTableFull', ['begins']],
    ['evictedOverwritten', ['begins']],
    ['evictedNoControl', ['begins', 'begins']],
    ['evictedExpired', ['begins', 'begins']],
    ['contextFound', ['begins']],
    ['contextUnreadable', ['begins']],
    ['ends', ['ends']],
    ['endWithoutBegin', ['ends']],
    ['paired', ['begins', 'ends', 'paired', 'paired']],
    ['filteredPid', ['paired', 'paired']],
    ['filteredTrigger', ['paired', 'paired']],
    ['filteredMinDuration', ['paired', 'paired']],
    ['filteredRate', ['paired', 'paired', 'filtered']],
    ['ringFull', ['paired']],
    ['noScratch', ['paired', 'paired']],
    ['stackTaken', ['paired']],
    ['stackOmittedBudget', ['paired']],
    ['stackOmittedMinDuration', ['paired']],
    ['stackOmittedFailed', ['paired']],
    ['emitted', ['paired', 'emitted']],
    ['attemptUnknown', []],
    ['endPagesUnknown', []],
  ] as const) {
    it(`one ${counter} more: ${broken.join(', ') || 'nothing'} would not balance`, () => {
      assert.deepEqual(unbalanced(live({ [counter]: KERNEL[counter] + 1 })), broken);
    });
  }

  it('an event that a sink forgot does not balance', () => {
    const forgot = sink();
    forgot.books.exported -= 1;
    assert.deepEqual(unbalanced(live(), [sink(), forgot]), ['decoded']);
  });

  it('a record that was received but neither decoded nor malformed does not balance', () => {
    assert.deepEqual(unbalanced(live({}, { decoded: 71 })), ['received']);
    assert.deepEqual(unbalanced(live({}, { decoded: 71, malformed: 1 })), []);
  });

  it('records in the ring explain a difference, but only while there are bytes in it', () => {
    assert.deepEqual(unbalanced(live({}, { received: 70, decoded: 70, pendingBytes: 768 })), []);
    assert.deepEqual(unbalanced(live({}, { received: 70, decoded: 70 })), ['emitted']);
  });

  it('a recording has no kernel', () => {
    const books = { received: 5, decoded: 4, malformed: 1, pendingBytes: 0 };
    assert.deepEqual(equations(books, []).map(({ name }) => name), ['received']); // biome-ignore format: one line
    assert.deepEqual(unbalanced(books, [sink({}, 0, 4)]), []);
  });
});

describe('losses', () => {
  const found = (source: SourceBooks, sinks: Parameters<typeof losses>[1] = []) =>
    Object.fromEntries(losses(source, sinks));
  const quiet = live(ZERO, { received: 0, decoded: 0 });

  it('none', () => assert.deepEqual(found(quiet, [sink()]), {}));

  it('by reason', () => {
    assert.deepEqual(
      found(live({}, { received: 70, decoded: 69, malformed: 1, pendingBytes: 768, programMisses: 9 }), [
        sink({ queue_full: 2, grpc_unavailable: 4 }, 3),
      ]),
      {
        'the ring buffer was full': 13,
        'more threads were compacting at once than the table holds': 5,
        'a thread began twice without an end': 7,
        'the call to compact_zone was not seen': 9,
        'no agent was there for longer than --pin-ttl': 14,
        'no scratch memory': 8,
        'left in the ring buffer': 2,
        'the kernel skipped a program that was already running on that CPU': 9,
        'a record was malformed': 1,
        'otlp dropped it: queue_full': 2,
        'otlp dropped it: grpc_unavailable': 4,
        'otlp still had it queued': 3,
      },
    );
  });

  it('of two outputs with one name are added, as with json:/dev/full twice', () => {
    const sinks = [sink({ write_enospc: 3 }), sink({ write_enospc: 4 }, 2)];
    assert.deepEqual(found(quiet, sinks), { 'otlp dropped it: write_enospc': 7, 'otlp still had it queued': 2 });
  });

  it('effects of what the user asked for are not losses: filters, sampling, a reader that went away', () => {
    const filtered = live({ ...ZERO, filteredPid: 5, filteredTrigger: 6, filteredMinDuration: 7 });
    assert.deepEqual(found(filtered, [sink({ not_sampled: 10, closed: 20 })]), {});
  });

  it('neither are compactions under way at the start or the end', () => {
    assert.deepEqual(found(live({ ...ZERO, endWithoutBegin: 1, openNow: 1, attemptUnknown: 1 })), {});
  });

  it('where programs stay attached: what earlier agents lost, and not what the ring still holds', () => {
    const source = live(
      {},
      { received: 70, decoded: 70, pendingBytes: 768, stays: true, earlier: { events: 30, lost: 4, undelivered: 3 } },
    );
    const { kernel: _, ...rest } = source;
    assert.equal(found(source)['left in the ring buffer'], undefined);
    assert.deepEqual(found({ ...rest, kernel: { ...ZERO, evictedExpired: 14 } }), {
      'no agent was there for longer than --pin-ttl': 14,
      'an agent before this one did not deliver it': 4,
    });
    assert.deepEqual(unbalanced(source, [sink({}, 0, 40)]), []);
    assert.deepEqual(unbalanced(source, [sink({}, 0, 39)]), ['decoded']);
  });

  it('in a recording they are malformed lines', () => {
    assert.deepEqual(found({ received: 3, decoded: 1, malformed: 2, pendingBytes: 0 }), { 'a line was malformed': 2 });
  });
});
