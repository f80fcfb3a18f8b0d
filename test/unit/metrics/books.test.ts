// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balances, equations } from '../../../src/event/books.ts';
import { decodeKernelBooks } from '../../../src/event/source-books.ts';
import { readAll } from '../../../src/metrics/instruments/all.ts';
import { keyOf, type NumberPoint } from '../../../src/metrics/metric.ts';
import { snapshot } from './snapshot.ts';

// Every counter of the kernel is another number.
const kernel = decodeKernelBooks(Buffer.from(BigUint64Array.from({ length: 512 }, (_, n) => BigInt(n + 1)).buffer));
const probes = { made: 5, open: 1, publishing: 1, without: { gone: 3 } };
const books = equations({ kernel, probes, received: 9, decoded: 8, malformed: 1, pendingBytes: 1 }, [
  { name: 'otlp', books: { accepted: 8, exported: 4, queued: 3, dropped: { queue_full: 1 } } },
  { name: 'table', books: { accepted: 8, exported: 8, queued: 0, dropped: {} } },
]);
const readings = readAll(snapshot({ books }));
const pointsOf = (name: string) =>
  readings.find(({ metric }) => metric.name === name)!.points as readonly NumberPoint[];
const counted = pointsOf('compaction.books.counted');
const waiting = pointsOf('compaction.books.waiting');

test('no two points have the same labels', () => {
  for (const points of [counted, waiting]) assert.equal(new Set(points.map(keyOf)).size, points.length);
});

test('every term of every equation is a point, under its account', () => {
  const terms = books.flatMap(({ terms }) => terms.filter(([label]) => !label.endsWith('{none}')));
  assert.equal(counted.length + waiting.length, terms.length + books.length);
  const find = (labels: object) =>
    [...counted, ...waiting].find((point) =>
      Object.entries(labels).every(([name, value]) => point.labels[`compaction.books.${name}`] === value),
    )?.value;
  assert.equal(find({ account: 'paired', term: 'filtered', reason: 'min_duration' }), kernel.filteredMinDuration);
  assert.equal(find({ account: 'begins', term: 'total' }), kernel.begins);
  assert.equal(find({ account: 'begins', term: 'open' }), kernel.openNow);
  assert.equal(find({ account: 'contexts', term: 'total' }), kernel.begins);
  assert.equal(find({ account: 'contexts', term: 'with_context' }), kernel.contextFound);
  assert.equal(find({ account: 'decoded', term: 'exported', sink: 'otlp' }), 4);
  assert.equal(find({ account: 'decoded', term: 'dropped', reason: 'queue_full', sink: 'otlp' }), 1);
  assert.equal(find({ account: 'decoded', term: 'queued', sink: 'otlp' }), 3);
  assert.equal(find({ account: 'probes', term: 'without', reason: 'gone' }), 3);
});

test('what shrinks again is apart', () => {
  assert.deepEqual([...new Set(waiting.map(({ labels }) => labels['compaction.books.term']))].sort(), [
    'in_ring',
    'open',
    'queued',
  ]);
});

test('a balanced account balances in its points too', () => {
  for (const equation of books.filter(balances)) {
    const sums = (points: readonly NumberPoint[], term?: string) =>
      points
        .filter(({ labels }) => labels['compaction.books.account'] === equation.name)
        .filter(({ labels }) => (labels['compaction.books.term'] === 'total') === (term === 'total'))
        .reduce((sum, { value }) => sum + value, 0);
    if (equation.name === 'decoded') continue; // one for each sink, below
    assert.equal(sums(counted, 'total'), sums(counted) + sums(waiting), equation.name);
  }
  assert.ok(books.filter(balances).length >= 3);
});
