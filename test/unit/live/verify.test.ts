// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { BOOKS_SIZE } from '../../../src/abi.generated.ts';
import { decodeKernelBooks, type KernelBooks } from '../../../src/event/source-books.ts';
import { readScanCounters } from '../../../src/kernel/vmstat.ts';
import { Verification } from '../../../src/live/verify.ts';
import { event, temporaryFolder } from '../fixtures.ts';

type Counters = [migrate: number, free: number];

const vmstat = ([migrate, free]: Counters) =>
  `nr_free_pages 14193\ncompact_migrate_scanned ${migrate}\ncompact_free_scanned ${free}\ncompact_isolated 7\n`;

interface Run {
  /** /proc/vmstat before and after attaching, before and after detaching. */
  before: Counters;
  attached: Counters;
  detaching: Counters;
  detached: Counters;
  /** Pages scanned in the events delivered. */
  events: Counters[];
  kernel: Partial<KernelBooks>;
}

function verify(t: TestContext, { before, attached, detaching, detached, events, kernel }: Run) {
  const path = temporaryFolder(t)('vmstat');
  const now = (counters: Counters) => writeFileSync(path, vmstat(counters));
  now(before);
  const verification = new Verification(path);
  now(attached);
  verification.attached();
  verification.add(events.map(([migrate, free], n) => event(n, { scanned: { migrate, free } })));
  now(detaching);
  verification.detaching();
  now(detached);
  verification.detached();
  return verification.result({ ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)), ...kernel });
}

/** Two compactions of 100 and 23 pages scanned for migration, 1000 and 1 for free pages, on an otherwise idle host. */
const GOOD: Run = {
  before: [5000, 70_000],
  attached: [5000, 70_000],
  detaching: [5123, 71_001],
  detached: [5123, 71_001],
  events: [
    [100, 1000],
    [23, 1],
  ],
  kernel: { migrateScanned: 123, freeScanned: 1001, emittedMigrateScanned: 123, emittedFreeScanned: 1001 },
};

describe('--verify', () => {
  it('equal to the page', (t) => {
    assert.deepEqual(verify(t, GOOD), {
      agrees: true,
      lines: [
        'compact_migrate_scanned: /proc/vmstat 123, compactions seen 123: equal; in records 123, in events 123: equal',
        'compact_free_scanned: /proc/vmstat 1001, compactions seen 1001: equal; in records 1001, in events 1001: equal',
      ],
    });
  });

  it('nothing happened', (t) => {
    const { agrees } = verify(t, { ...GOOD, detaching: GOOD.before, detached: GOOD.before, events: [], kernel: {} });
    assert.equal(agrees, true);
  });

  for (const [what, change] of [
    ['a page that no compaction explains', { detaching: [5124, 71_001], detached: [5124, 71_001] }],
    ['a page too many', { detaching: [5123, 71_000], detached: [5123, 71_000] }],
    ['a compaction that did not become an event', { events: [[100, 1000]] }],
    [
      'an event that came twice',
      {
        events: [
          [100, 1000],
          [23, 1],
          [23, 1],
        ],
      },
    ],
  ] as [string, Partial<Run>][]) {
    it(`not equal: ${what}`, (t) => {
      const { agrees, lines } = verify(t, { ...GOOD, ...change });
      assert.equal(agrees, false);
      assert.match(lines.join('\n'), /NOT EQUAL/);
    });
  }

  it('filtered compactions were seen, but are in no record', (t) => {
    const { agrees } = verify(t, {
      ...GOOD,
      events: [[23, 1]],
      kernel: { ...GOOD.kernel, emittedMigrateScanned: 23, emittedFreeScanned: 1 },
    });
    assert.equal(agrees, true);
  });

  it('a compaction under way at the start or the end may be on either side', (t) => {
    // 10 pages while attaching, 5 while detaching.
    const moving = { ...GOOD, before: [4990, 70_000], detached: [5128, 71_001] } as Run;
    for (const [seen, agrees] of [
      [122, false],
      [123, true],
      [133, true],
      [138, true],
      [139, false],
    ] as const) {
      const result = verify(t, { ...moving, kernel: { ...GOOD.kernel, migrateScanned: seen } });
      assert.equal(result.agrees, agrees, String(seen));
      assert.match(result.lines[0]!, /vmstat 123 to 138 \(compaction was under way at the start or end\)/);
    }
  });
});

describe('/proc/vmstat', () => {
  it('has both counters on this kernel', () => {
    const { migrate, free } = readScanCounters();
    assert.ok(Number.isSafeInteger(migrate) && Number.isSafeInteger(free));
  });

  it('ends with unknown pages: fewer pages may have been seen, never more', (t) => {
    const fewer = verify(t, { ...GOOD, detaching: [5200, 71_001], detached: [5200, 71_001] });
    assert.equal(fewer.agrees, false);
    const explained = { ...GOOD.kernel, endPagesUnknown: 1 };
    const lenient = verify(t, { ...GOOD, detaching: [5200, 71_001], detached: [5200, 71_001], kernel: explained });
    assert.equal(lenient.agrees, true);
    assert.match(
      lenient.lines[0]!,
      /vmstat 200, .* 123: fewer \(1 were under way at the start; their pages are unknown\);/,
    );
    // If the begin was seen, the missing end has another reason.
    const missed = { ...explained, evictedNoControl: 1 };
    assert.equal(
      verify(t, { ...GOOD, detaching: [5200, 71_001], detached: [5200, 71_001], kernel: missed }).agrees,
      false,
    );
    const more = verify(t, { ...GOOD, detaching: [5100, 71_001], detached: [5100, 71_001], kernel: explained });
    assert.equal(more.agrees, false);
  });

  it('of a kernel without compaction: the missing counter is named', (t) => {
    const path = temporaryFolder(t)('vmstat');
    writeFileSync(path, 'nr_free_pages 1\nxcompact_migrate_scanned 5\n');
    assert.throws(() => readScanCounters(path), {
      message: `${path} has no compact_migrate_scanned. --verify needs a kernel built with CONFIG_COMPACTION=y.`,
    });
  });
});

it('goes on over several agents: the window began when the programs were attached, by whichever', (t) => {
  const path = temporaryFolder(t)('vmstat');
  writeFileSync(path, vmstat([500, 50]));
  const verification = new Verification(path);
  verification.attached();
  verification.goOn(
    { before: { migrate: 100, free: 10 }, attached: { migrate: 110, free: 10 } },
    { migrate: 390, free: 40 },
  );
  verification.add([event(1, { scanned: { migrate: 10, free: 5 } })]);
  writeFileSync(path, vmstat([510, 55]));
  verification.detaching();
  verification.detached();
  const kernel = { migrateScanned: 400, freeScanned: 45, emittedMigrateScanned: 400, emittedFreeScanned: 45 };
  const books = { ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)), ...kernel };
  const result = verification.result(books);
  assert.ok(result.agrees, result.lines.join('\n'));
  // One more is in the ring.
  const more = { ...books, emittedMigrateScanned: 401, emittedFreeScanned: 45 };
  assert.equal(verification.result(more).agrees, false);
  const { agrees, lines } = verification.result(more, 1);
  assert.equal(agrees, true);
  assert.match(lines[0]!, /in records 401, in events 400: fewer \(1 records wait for the next agent\)$/);
  assert.equal(verification.result({ ...books, emittedMigrateScanned: 399 }, 1).agrees, false, 'more than there are');
});
