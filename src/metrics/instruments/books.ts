// SPDX-License-Identifier: Apache-2.0
import type { Equation } from '../../event/books.ts';
import type { Labels, NumberPoint } from '../metric.ts';
import type { NumberInstrument } from './instrument.ts';

const LABELS = [
  'compaction.books.account',
  'compaction.books.term',
  'compaction.books.reason',
  'compaction.books.sink',
] as const;

/** The accounting of every compaction. Labels come from the equations, so a new term or reason needs nothing here. */
export const BOOKS: readonly NumberInstrument[] = [
  {
    name: 'compaction.books.counted',
    kind: 'counter',
    type: 'int',
    unit: '{event}',
    labels: LABELS,
    meaning:
      'The books, the accounting of every compaction. An account’s `total` is the sum of its other terms, here and in `compaction.books.waiting`.',
    read: ({ books }) =>
      points(books, ({ total, terms }) => [['total', total], ...terms.filter(([label]) => !isWaiting(label))]),
  },
  {
    name: 'compaction.books.waiting',
    kind: 'updown',
    type: 'int',
    unit: '{event}',
    labels: LABELS,
    meaning: 'The terms of the books that shrink again: what is under way.',
    read: ({ books }) => points(books, ({ terms }) => terms.filter(([label]) => isWaiting(label))),
  },
];

const isWaiting = (label: string): boolean => /^(open|queued|spooled|in ring)$/.test(label);
const isOfSink = (label: string): boolean => label === 'recovered' || label === 'reports';
/** `dropped{ring_full}`, `exported by otlp`. */
const LABEL = /^(.*?)(?: by (.*?))?(?:\{(.*)\})?$/;

function points(books: readonly Equation[], termsOf: (equation: Equation) => Equation['terms']): NumberPoint[] {
  return books.flatMap((equation) => {
    const account = accountOf(equation);
    const sink = equation.terms.map(([label]) => LABEL.exec(label)?.[2]).find((name) => name !== undefined);
    return termsOf(equation)
      .filter(([label]) => !label.endsWith('{none}'))
      .map(([label, value]) => ({
        labels: labelsOf(account, sink, label),
        value,
        ofProcess: isOfProcess(equation, sink, label),
      }));
  });
}

/** What an output has done, what it found in its spool, and probes: with `--pin`, all else goes on from one agent to the next. */
function isOfProcess({ name, terms }: Equation, sink: string | undefined, label: string): boolean {
  if (name === 'probes' || isOfSink(label)) return true;
  if (label === 'total') return name === sink || terms.some(([other]) => isOfSink(other));
  return sink !== undefined && /^(exported by |dropped\{)/.test(label);
}

/** Equations of one name are told apart: `begins = with context + ...` is the account `contexts`. */
function accountOf({ name, terms }: Equation): string {
  const [, what] = terms.map(([label]) => /^with (\w+)$/.exec(label)).find((match) => match !== null) ?? [];
  return what === undefined ? name : `${what}s`;
}

function labelsOf(account: string, sink: string | undefined, label: string): Labels {
  const [, term = label, , reason] = LABEL.exec(label) ?? [];
  return {
    'compaction.books.account': account,
    'compaction.books.term': term.replaceAll(' ', '_'),
    ...(reason !== undefined && { 'compaction.books.reason': reason }),
    ...(sink !== undefined && { 'compaction.books.sink': sink }),
  };
}
