// SPDX-License-Identifier: Apache-2.0
// The times at which a process is searched again for its context. A file replaces its memory.
import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Identified } from './identified.ts';
import { named } from './payload.ts';
import { fakeProc, putPagemap, STACK } from './proc.ts';

const AT = 0x10000;
const CONTEXT = '00010000-00012000 rw-p 00000000 00:01 5    /memfd:OTEL_CTX (deleted)\n';

function setUp(t: TestContext) {
  const proc = fakeProc(t);
  let nowMs = 0;
  let published = 0n;
  const processes = new Identified({ services: true, proc: proc.root, now: () => nowMs });
  proc.put(7, { environ: 'OTEL_SERVICE_NAME=environment\0' });
  const map = (text: string) => writeFileSync(`${proc.root}/7/maps`, text);
  const write = (service: string, publishedNs: bigint) => {
    const payload = named(service);
    const header = Buffer.alloc(32);
    header.write('OTEL_CTX');
    header.writeUInt32LE(2, 8);
    header.writeUInt32LE(payload.length, 12);
    header.writeBigUInt64LE(publishedNs, 16);
    header.writeBigUInt64LE(BigInt(AT + 0x1000), 24);
    const memory = openSync(`${proc.root}/7/mem`, 'w');
    writeSync(memory, header, 0, header.length, AT);
    writeSync(memory, payload, 0, payload.length, AT + 0x1000);
    closeSync(memory);
    map(CONTEXT + STACK);
  };
  return {
    publish: (service: string) => write(service, ++published),
    startChanging: (service: string) => write(service, 0n),
    /** Its page is not in memory. */
    takeAway: () => putPagemap(`${proc.root}/7`, [[0, 0]]),
    withdraw: () => {
      map(STACK);
      writeFileSync(`${proc.root}/7/mem`, '');
    },
    /** Announces the publication, like a process event. */
    say(ms: number) {
      nowMs = ms;
      processes.published(7);
    },
    /** The service of a stall at this time. */
    at(ms: number) {
      nowMs = ms;
      processes.newBatch();
      return processes.lookUp({ pid: 7, tid: 8, comm: 'x' }, 10_000_000_000n).resource?.['service.name'];
    },
  };
}

describe('a process context', () => {
  it('that is published again is known a second later', (t) => {
    const { publish, at } = setUp(t);
    publish('first');
    assert.equal(at(0), 'first');
    publish('second');
    assert.equal(at(999), 'first');
    assert.equal(at(1000), 'second');
    publish('third');
    assert.equal(at(1999), 'second');
    assert.equal(at(2000), 'third');
  });

  it('is still the old one during a change', (t) => {
    const { publish, startChanging, at } = setUp(t);
    publish('first');
    assert.equal(at(0), 'first');
    startChanging('second');
    assert.equal(at(1000), 'first');
    publish('second');
    assert.equal(at(1999), 'first');
    assert.equal(at(2000), 'second');
  });

  it('is what it was while its page is not in memory', (t) => {
    const { publish, takeAway, withdraw, at } = setUp(t);
    publish('first');
    assert.equal(at(0), 'first');
    takeAway();
    assert.equal(at(1000), 'first');
    withdraw();
    assert.notEqual(at(2000), 'first');
  });

  it('that is withdrawn is replaced by the environment', (t) => {
    const { publish, withdraw, at } = setUp(t);
    publish('first');
    assert.equal(at(0), 'first');
    withdraw();
    assert.equal(at(1000), 'environment');
  });

  it('that is published again is known at once if the process announces it', (t) => {
    const { publish, say, at } = setUp(t);
    publish('first');
    assert.equal(at(0), 'first');
    for (const [ms, name] of [
      [100, 'second'],
      [101, 'third'],
    ] as const) {
      publish(name);
      say(ms);
      assert.equal(at(ms), name);
    }
  });

  it('that is published late is known at once if the process announces it', (t) => {
    const { publish, say, at } = setUp(t);
    assert.equal(at(0), 'environment');
    assert.equal(at(500), 'environment');
    publish('late');
    say(500);
    assert.equal(at(500), 'late');
  });

  it('is not searched for more often in a process that announces without publishing', (t) => {
    const { publish, say, at } = setUp(t);
    assert.equal(at(0), 'environment');
    say(500);
    assert.equal(at(500), 'environment');
    publish('late');
    say(1500);
    assert.equal(at(2499), 'environment', 'it said so 2 s before');
    say(2500);
    assert.equal(at(2500), 'late');
  });

  for (const [publishedS, foundS] of [
    [0.5, 1],
    [1.5, 3],
    [3.5, 7],
    [70, 123],
    [130, 183],
    [200, 243],
  ] as const) {
    it(`first published after ${publishedS} s: found after ${foundS}`, (t) => {
      const { publish, at } = setUp(t);
      let isPublished = false;
      for (let s = 0; ; s += 0.5) {
        if (s === publishedS) {
          publish('late');
          isPublished = true;
        }
        const service = at(s * 1000);
        assert.equal(service, isPublished && s >= foundS ? 'late' : 'environment', `after ${s} s`);
        if (service === 'late') break;
      }
    });
  }
});
