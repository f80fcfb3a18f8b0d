// SPDX-License-Identifier: Apache-2.0
// The lines to the prober and back: well-formed ones are understood, and others are ignored.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PUBLISHER_SIZE } from '../../../src/abi.generated.ts';
import {
  contextsLine,
  type Explanation,
  explanationLine,
  identityLine,
  parseContexts,
  parseExplanation,
  parseIdentity,
  parseQuestion,
  type Question,
  questionLine,
} from '../../../src/prober/protocol.ts';
import { REASONS, type Reason } from '../../../src/prober/thread-context/reason.ts';

const ODD = ['', 'null', '7', '"x"', '[]', '{', '{}', '{"about":"else","pid":7}', '{"about":"identity"}', 'ready 7'];

describe('a question', () => {
  for (const question of [
    { about: 'identity', pid: 7, version: 3 },
    { about: 'outside', pid: 7 },
    { about: 'contexts', pid: 4194304 },
    { about: 'explanation', pid: 7 },
    { about: 'published', pid: 1 },
  ] satisfies Question[]) {
    it(question.about, () => assert.deepEqual(parseQuestion(questionLine(question)), question));
  }

  it('is nothing else', () => {
    for (const line of [...ODD, '{"about":"outside","pid":-1}', '{"about":"outside","pid":0.5}']) {
      assert.equal(parseQuestion(line), undefined, line);
    }
  });
});

describe('an answer about contexts', () => {
  it('where they are', () => {
    const publisher = Buffer.alloc(PUBLISHER_SIZE, 0xa5);
    for (const keys of [[], ['datadog.local_root_span_id', '']]) {
      assert.deepEqual(parseContexts(contextsLine({ publisher, keys })), { publisher, keys });
    }
  });

  it('why there are none', () => {
    for (const reason of Object.keys(REASONS) as Reason[]) {
      assert.deepEqual(parseContexts(contextsLine({ reason })), { reason });
    }
  });

  it('is nothing else', () => {
    const short = Buffer.alloc(PUBLISHER_SIZE - 1).toString('base64');
    const whole = Buffer.alloc(PUBLISHER_SIZE).toString('base64');
    const others = [
      `{"publisher":"${short}","keys":[]}`,
      ...['', ',"keys":"a"', ',"keys":[7]', `,"keys":${JSON.stringify(Array(257).fill(''))}`].map(
        (keys) => `{"publisher":"${whole}"${keys}}`,
      ),
      '{"publisher":7}',
      '{"reason":"toString"}',
      '{"reason":7}',
    ];
    for (const line of [...ODD, ...others]) assert.equal(parseContexts(line), undefined, line);
  });
});

describe('an explanation', () => {
  it('as it was given', () => {
    const bare: Explanation = { namedBy: 'nothing', environment: 'unread', configFile: false, forbidden: false };
    for (const one of [bare, { ...bare, announces: true, language: 'python', version: '3.11' } as const]) {
      assert.deepEqual(parseExplanation(explanationLine(one)), one);
    }
  });

  it('is nothing else', () => {
    for (const line of [...ODD, explanationLine(undefined), '{"namedBy":"environment"}']) {
      assert.equal(parseExplanation(line), undefined, line);
    }
    const whole = { namedBy: 'nothing', environment: 'unread', configFile: false, forbidden: false };
    for (const wrong of [
      { namedBy: 'x' },
      { environment: 7 },
      { configFile: null },
      { forbidden: 'no' },
      { announces: 1 },
      { language: 'cobol' },
      { version: 3.11 },
    ]) {
      const line = JSON.stringify({ ...whole, ...wrong });
      assert.equal(parseExplanation(line), undefined, line);
    }
  });
});

describe('an answer about an executable', () => {
  const identity = { startedNs: 123n, execId: '1 2 3', comm: 'sh', isKernelThread: false, version: 5 };
  const facts = { executable: 'dash', resource: { 'service.name': 'shop' } };

  it('has its facts, but not twice', () => {
    assert.deepEqual(parseIdentity(identityLine({ ...identity, facts }, 4)), { ...identity, facts });
    assert.deepEqual(parseIdentity(identityLine({ ...identity, facts }, 5)), { ...identity, facts: undefined });
  });

  it('is nothing else', () => {
    assert.equal(parseIdentity(identityLine(undefined, 0)), undefined);
    for (const line of ODD) assert.equal(parseIdentity(line), undefined, line);
    const whole = JSON.parse(identityLine({ ...identity, facts }, 4));
    // An object whose conversion to text or to a number fails.
    const no = { toString: 1, valueOf: 1 };
    for (const wrong of [
      { startedNs: 123 },
      { startedNs: '9'.repeat(28) },
      { execId: no },
      { comm: 7 },
      { version: no },
      { version: null },
      { facts: null },
      { facts: { executable: 7 } },
      { facts: { container: null } },
      { facts: { resource: [] } },
      { facts: { resource: { a: null } } },
      { facts: { resource: { a: [no] } } },
    ]) {
      const line = JSON.stringify({ ...whole, ...wrong });
      assert.equal(parseIdentity(line), undefined, line);
    }
  });
});
