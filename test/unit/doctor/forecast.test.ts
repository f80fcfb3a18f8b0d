// SPDX-License-Identifier: Apache-2.0
// What the doctor foretells of a process's stalls. test/publishers compares it with what happens.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PUBLISHER, PUBLISHER_SIZE, TLS, TLS_PLACE, TLS_PLACE_SIZE } from '../../../src/abi.generated.ts';
import { forecast, namedBy } from '../../../src/doctor/forecast.ts';
import { type Explanation, LANGUAGES, type Located } from '../../../src/prober/protocol.ts';
import { REASONS, type Reason } from '../../../src/prober/thread-context/reason.ts';

const EXPLANATION: Explanation = {
  namedBy: 'process_context',
  environment: 'there',
  configFile: false,
  forbidden: false,
};

function placed(places: number): Located {
  const publisher = Buffer.alloc(PUBLISHER_SIZE);
  for (let i = 0; i < places; i++) {
    publisher.writeUInt32LE(TLS.STATIC, PUBLISHER.places.offset + i * TLS_PLACE_SIZE + TLS_PLACE.kind.offset);
  }
  return { publisher, keys: [] };
}

const of = (name: string, language: string) => ({
  facts: { resource: { 'telemetry.sdk.name': name, 'telemetry.sdk.language': language } },
});
const DDTRACE = of('libdatadog', 'python');
const told = (process: ReturnType<typeof of>, explained: Partial<Explanation> = {}, located: Located = placed(1)) =>
  forecast({ ...process, located, explanation: { ...EXPLANATION, ...explained } });

describe('a process that publishes its spans', () => {
  it('child or link by the flags, for a tracer that publishes them as they are', () => {
    for (const process of [of('opentelemetry', 'nodejs'), of('libdatadog', 'rust')]) {
      const { status, why } = told(process);
      assert.equal(status, 'ok');
      assert.match(why, /^A stall in a span is its child if the trace flags say that it is sampled, or else linked/);
    }
  });

  it('link, then child, for a tracer that decides later; always link for one that never says', () => {
    for (const [process, words] of [
      [DDTRACE, /linked to it until ddtrace has decided to sample it, and then its child: /],
      [of('libdatadog', 'nodejs'), /linked to it until dd-trace has decided to sample it, and then its child: /],
      [of('dd-trace-java', 'java'), /is always linked to it: dd-java-agent never /],
    ] as const) {
      const finding = told(process);
      assert.match(finding.why, words);
      assert.match('todo' in finding ? finding.todo : '', /--context child-always/);
    }
  });

  it('asyncio before Python 3.14 is warned of, where the tracer follows it since then', () => {
    const warns = (version: string, process = DDTRACE) =>
      /In asyncio .* from Python 3\.14 on, and this is/.test(told(process, { language: 'python', version }).why);
    assert.deepEqual(
      ['3.9', '3.13', '3.14', '4.0'].map((version) => warns(version)),
      [true, true, false, false],
    );
    assert.equal(warns('3.9', of('opentelemetry', 'python')), false);
  });

  it('several places: nothing is concluded from the resource of one publisher', () => {
    const { why } = told(DDTRACE, {}, placed(2));
    assert.match(why, /^A stall in a span is its child if the trace flags say .* It has 2 places for spans; /);
  });

  it('root, if it does not announce that it uses its place, or is told not to', () => {
    for (const [explained, words] of [
      [{ announces: false }, /^Its stalls are roots, .*: one of its files has a place for spans, but it does not/],
      [{ announces: true, forbidden: true }, /^Its stalls are roots, .*: DD_TRACE_OTEL_CTX_ENABLED is not true/],
    ] as const) {
      assert.match(told(DDTRACE, explained).why, words);
    }
  });
});

describe('a process that publishes nothing', () => {
  it('root, with the reason and with what publishes in its language', () => {
    for (const reason of Object.keys(REASONS) as Reason[]) {
      const { status, why } = told(of('', ''), {}, { reason });
      assert.equal(status, 'warn');
      assert.match(why, reason === 'no_permission' ? /^It is not known/ : /^Its stalls are roots, unless /);
      assert.ok(why.includes(REASONS[reason]));
    }
    for (const language of LANGUAGES) {
      const finding = told(of('', ''), { language }, { reason: 'no_symbol' });
      assert.match('todo' in finding ? finding.todo : '', /publish|--import compactstall\/register/);
    }
  });

  it('unknown, if the prober did not answer', () => {
    assert.match(forecast({ facts: {}, located: undefined, explanation: undefined }).why, /^It is not known/);
  });
});

it('what names the service', () => {
  const words = (explained: Partial<Explanation>) => namedBy({ ...EXPLANATION, ...explained });
  assert.equal(words({ configFile: true }), ' (from its process context)');
  assert.equal(words({ namedBy: 'environment' }), ' (from its environment)');
  assert.match(words({ namedBy: 'environment', environment: 'overwritten' }), /the process that it was forked from/);
  assert.match(words({ namedBy: 'environment', configFile: true }), /environment; OTEL_CONFIG_FILE is set/);
  assert.match(words({ namedBy: 'nothing', environment: 'overwritten' }), /it has overwritten its environment/);
  assert.match(words({ namedBy: 'nothing', environment: 'unread' }), /its environment cannot be read now/);
  assert.match(words({ namedBy: 'nothing' }), /neither a process context nor its environment names one\)/);
  assert.equal(namedBy(undefined), '');
});
