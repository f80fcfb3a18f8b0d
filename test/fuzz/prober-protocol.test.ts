// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PUBLISHER_SIZE } from '../../src/abi.generated.ts';
import {
  contextsLine,
  type Explanation,
  explanationLine,
  identityLine,
  LANGUAGES,
  type ProcessIdentity,
  parseContexts,
  parseExplanation,
  parseIdentity,
  parseQuestion,
  placesIn,
  questionLine,
} from '../../src/prober/protocol.ts';
import { REASONS } from '../../src/prober/thread-context/reason.ts';
import { anyJson, anyText, mutatedJson, mutatedText, record } from './arbitraries.ts';
import { property } from './property.ts';

const attribute = fc.oneof(
  anyText(20),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.boolean(),
  fc.array(anyText(8), { maxLength: 3 }),
);

const identity: fc.Arbitrary<ProcessIdentity> = record({
  startedNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  execId: anyText(40),
  comm: anyText(15),
  isKernelThread: fc.boolean(),
  version: fc.maxSafeInteger(),
  facts: fc.option(
    fc.record(
      {
        executable: anyText(20),
        container: anyText(64),
        resource: fc.dictionary(anyText(12), attribute, { maxKeys: 4, noNullPrototype: true }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    { nil: undefined },
  ),
});

const NOT_KNOWN = Number.NaN;

property('an identity arrives as it was', identity, (one) => {
  assert.deepEqual(parseIdentity(identityLine(one, NOT_KNOWN)), one);
});

function assertIdentity(line: string): void {
  const found = parseIdentity(line);
  if (found === undefined) return;
  const { startedNs, execId, comm, isKernelThread, version, facts } = found;
  assert.ok(startedNs >= 0n && startedNs < 10n ** 27n);
  assert.deepEqual([typeof execId, typeof comm, typeof isKernelThread], ['string', 'string', 'boolean']);
  assert.ok(Number.isSafeInteger(version), String(version));
  for (const text of [facts?.executable, facts?.container]) assert.ok(text === undefined || typeof text === 'string');
  for (const value of Object.values(facts?.resource ?? {})) {
    for (const item of [value].flat()) assert.ok(['string', 'boolean'].includes(typeof item) || Number.isFinite(item));
  }
}

const anyLine = fc.oneof(
  anyText(60),
  anyJson().map((value) => JSON.stringify(value)),
);
const identityLines = identity.map((one) => identityLine(one, NOT_KNOWN));

property(
  'changed identities',
  mutatedJson(identityLines.map((line) => JSON.parse(line))).map((value) => JSON.stringify(value)),
  assertIdentity,
);

property('identities with changed characters', fc.oneof(mutatedText(identityLines), anyLine), assertIdentity);

const located = fc.oneof(
  record({
    publisher: fc
      .uint8Array({ minLength: PUBLISHER_SIZE, maxLength: PUBLISHER_SIZE })
      .map((bytes) => Buffer.from(bytes)),
    keys: fc.array(anyText(20), { maxLength: 256 }),
  }),
  record({ reason: fc.constantFrom(...(Object.keys(REASONS) as (keyof typeof REASONS)[])) }),
);

property('places of contexts arrive as they were', located, (one) => {
  assert.deepEqual(parseContexts(contextsLine(one)), one);
});

property(
  'changed places of contexts',
  fc.oneof(
    mutatedJson(located.map((one) => JSON.parse(contextsLine(one)))).map((value) => JSON.stringify(value)),
    anyLine,
  ),
  (line) => {
    const found = parseContexts(line);
    if (found === undefined) return;
    if ('reason' in found) return assert.ok(Object.hasOwn(REASONS, found.reason));
    assert.equal(found.publisher.length, PUBLISHER_SIZE);
    assert.ok(placesIn(found.publisher) <= 8 && found.keys.length <= 256);
    assert.ok(found.keys.every((key) => typeof key === 'string'));
  },
);

const explanation: fc.Arbitrary<Explanation> = fc.record(
  {
    namedBy: fc.constantFrom('process_context', 'environment', 'nothing'),
    environment: fc.constantFrom('there', 'overwritten', 'unread'),
    configFile: fc.boolean(),
    forbidden: fc.boolean(),
    announces: fc.boolean(),
    language: fc.constantFrom(...LANGUAGES),
    version: anyText(8),
  },
  { requiredKeys: ['namedBy', 'environment', 'configFile', 'forbidden'], noNullPrototype: true },
);

property('an explanation arrives as it was', explanation, (one) => {
  assert.deepEqual(parseExplanation(explanationLine(one)), one);
});

property(
  'changed explanations',
  fc.oneof(
    mutatedJson(explanation).map((value) => JSON.stringify(value)),
    anyLine,
  ),
  (line) => {
    const found = parseExplanation(line);
    if (found === undefined) return;
    assert.ok(['process_context', 'environment', 'nothing'].includes(found.namedBy));
    assert.ok(['there', 'overwritten', 'unread'].includes(found.environment));
    assert.deepEqual([typeof found.configFile, typeof found.forbidden], ['boolean', 'boolean']);
    assert.ok(found.language === undefined || LANGUAGES.includes(found.language));
    assert.ok(found.version === undefined || typeof found.version === 'string');
  },
);

const question = fc.oneof(
  record({ about: fc.constant('identity' as const), pid: fc.nat(), version: fc.maxSafeInteger() }),
  record({
    about: fc.constantFrom('outside' as const, 'contexts' as const, 'explanation' as const, 'published' as const),
    pid: fc.nat(),
  }),
);

property('a question arrives as it was', question, (one) => {
  assert.deepEqual(parseQuestion(questionLine(one)), one);
});

property(
  'changed questions',
  fc.oneof(
    mutatedJson(question).map((value) => JSON.stringify(value)),
    anyLine,
  ),
  (line) => {
    const found = parseQuestion(line);
    if (found) assert.ok(Number.isSafeInteger(found.pid) && found.pid >= 0, String(found.pid));
  },
);
