// SPDX-License-Identifier: Apache-2.0
/** Inputs: noise, and something valid of which a part was changed. Most faults need the second, as noise is refused at its first byte. */
import fc from 'fast-check';

/** Numbers at the bounds of what fields can hold. */
export const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 7n, 8n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
  ...[2n ** 52n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
];

/** Ordinary objects. */
export const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true });

/** Any unsigned number of 64 bits, often one at a bound. */
export const u64 = (): fc.Arbitrary<bigint> =>
  fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

/** Any bytes. */
export const noise = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

function littleEndian(value: bigint, size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, size);
}

/** What is put into bytes: a word at a bound, or noise. */
const piece = (): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.tuple(fc.constantFrom(...EDGES), fc.constantFrom(1, 2, 4, 8)).map(([value, size]) => littleEndian(value, size)),
    noise(16),
  );

interface Change<T> {
  at: number;
  /** How much is taken away; `over`: as much as is put in. */
  removed: number | 'over' | 'rest';
  added: T;
}

const changes = <T>(added: fc.Arbitrary<T>): fc.Arbitrary<Change<T>[]> =>
  fc.array(
    record({
      at: fc.nat(2 ** 24),
      removed: fc.oneof(
        { weight: 6, arbitrary: fc.constant('over' as const) },
        { weight: 3, arbitrary: fc.nat(40) },
        { weight: 1, arbitrary: fc.constant('rest' as const) },
      ),
      added,
    }),
    { maxLength: 4 },
  );

function changed<T extends { length: number }>(
  whole: T,
  all: readonly Change<T>[],
  put: (before: T, added: T, after: T) => T,
  part: (of: T, start: number, end?: number) => T,
): T {
  return all.reduce((now, { at, removed, added }) => {
    const start = at % (now.length + 1);
    const end = removed === 'rest' ? now.length : start + (removed === 'over' ? added.length : removed);
    return put(part(now, 0, start), added, part(now, Math.min(end, now.length)));
  }, whole);
}

/** Bytes of which some were overwritten, taken out or put in. */
export const mutated = (whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(whole, changes(piece())).map(([bytes, all]) =>
    changed<Buffer>(
      bytes,
      all,
      (...parts) => Buffer.concat(parts),
      (of, start, end) => of.subarray(start, end),
    ),
  );

/** Characters that end lines for some readers and not for others, that separate, or that mean something. */
const ODD = [
  ...[
    '\0',
    '\n',
    '\r',
    '\r\n',
    '\t',
    ' ',
    '   ',
    '\u2028',
    '\u2029',
    '\ud800',
    '\udc00',
    '\ufeff',
    'é',
    '\u{1F4A5}',
    '\x1b[2J',
  ],
  ...[
    ',',
    '=',
    ';',
    ':',
    '-',
    ' - ',
    '/',
    '\\',
    '\\012',
    '%',
    '%00',
    '%zz',
    '"',
    "'",
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '${',
    '$$',
  ],
  ...[
    '0',
    '-1',
    '1e999',
    '0x10',
    '9'.repeat(20),
    '9'.repeat(400),
    'a'.repeat(300),
    '__proto__',
    'constructor',
    'NaN',
    'null',
  ],
];

/** Any characters, whole ones and halves. */
export const anyText = (maxLength = 64): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength }),
    fc.string({ unit: fc.constantFrom(...ODD), maxLength: Math.min(maxLength, 8) }),
  );

/** Text of which a part was overwritten, taken out or put in. @param words what belongs to its form */
export const mutatedText = (whole: fc.Arbitrary<string>, words: readonly string[] = []): fc.Arbitrary<string> =>
  fc
    .tuple(whole, changes(fc.oneof(fc.constantFrom(...ODD, ...words), fc.string({ maxLength: 12 }))))
    .map(([text, all]) =>
      changed<string>(
        text,
        all,
        (...parts) => parts.join(''),
        (of, start, end) => of.slice(start, end),
      ),
    );

/** Values that JSON has and that nobody expects. */
const ODD_JSON: readonly string[] = [
  ...[
    'null',
    'true',
    '0',
    '-0',
    '-1',
    '1.5',
    '1e308',
    '1e999',
    '9007199254740991',
    '9007199254740993',
    '18446744073709551615',
  ],
  ...[
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"x"',
    '"0"',
    '"18446744073709551616"',
    `"${'9'.repeat(300)}"`,
    '[]',
    '[null]',
    '[[]]',
    '{}',
  ],
  ...['{"toString":1,"valueOf":1}', '{"__proto__":{"v":1}}', '{"constructor":{}}', '[1,"a",true]', '{"length":-1}'],
  `${'['.repeat(50)}${']'.repeat(50)}`,
];

export const anyJson = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom(...ODD_JSON).map((text) => JSON.parse(text)),
    fc.jsonValue({ maxDepth: 3 }),
  );

/** A JSON value with up to three of its parts replaced, taken out, or added to. */
export const mutatedJson = (whole: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      whole,
      fc.array(record({ place: fc.nat(2 ** 20), how: fc.constantFrom('replace', 'remove', 'add'), value: anyJson() }), {
        maxLength: 3,
      }),
    )
    .map(([value, edits]) => edits.reduce((now, edit) => edited(now, edit), structuredClone(value)));

interface Edit {
  place: number;
  how: string;
  value: unknown;
}

type Holder = Record<string, unknown>;

/** Places are the values in a value, from the outside in. */
function edited(whole: unknown, { place, how, value }: Edit): unknown {
  const places: { holder: Holder; key: string }[] = [];
  const walk = (at: unknown) => {
    if (typeof at !== 'object' || at === null) return;
    for (const key of Object.keys(at)) {
      places.push({ holder: at as Holder, key });
      walk((at as Holder)[key]);
    }
  };
  walk(whole);
  const found = places[place % (places.length + 1)];
  if (found === undefined) return structuredClone(value);
  const { holder, key } = found;
  const inside = holder[key];
  const put = structuredClone(value);
  if (how === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  } else if (how === 'add' && typeof inside === 'object' && inside !== null) {
    if (Array.isArray(inside)) inside.push(put);
    else
      Object.defineProperty(inside, ODD[place % ODD.length]!, {
        value: put,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  } else {
    holder[key] = put;
  }
  return whole;
}
