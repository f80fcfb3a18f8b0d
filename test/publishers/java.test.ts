// SPDX-License-Identifier: Apache-2.0
// A Java service with Datadog's agent, which publishes its spans when it profiles.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ensureTracers } from '../../harness/tracers/tracers.ts';
import { APPS, assertForetold, assertRelated, SERVICE, Traced } from './traced.ts';

const { java: agent } = ensureTracers();
const PROFILING = ['-Ddd.profiling.enabled=true', '-Ddd.profiling.start-force-first=true'];
const QUIET = ['-Ddatadog.slf4j.simpleLogger.defaultLogLevel=off', '-Xshare:off'];
// Java compiles a single source by itself. The agent's archive has the interface of the tracer.
const command = (...options: string[]) => [
  ...['java', `-javaagent:${agent}`, ...QUIET, ...options],
  ...['-cp', agent, `${APPS}Spans.java`],
];

describe('dd-java-agent: a stall', () => {
  it('is linked to exactly the active span, as doctor --pid foretells', async (t) => {
    const traced = await Traced.start(command(...PROFILING), 'nested');
    t.after(() => traced.end());
    const word = await traced.foretold();
    assert.match(word, /, service shop \(from its process context\)\. .*dd-java-agent never publishes/);
    assert.match(word, /--context child-always/);
    for (const way of ['nested', 'threads']) {
      const stalls = await traced.stalls(way);
      assertRelated(stalls, 'link');
      assert.deepEqual(assertForetold(word, stalls), ['link']);
    }
    // It ends right after this one.
    assertRelated(await traced.stalls('ends'), 'link');
  });

  it('is a root when it does not profile, as doctor --pid foretells', async (t) => {
    const traced = await Traced.startNamed(command(), 'nested', { OTEL_SERVICE_NAME: SERVICE });
    t.after(() => traced.end());
    const word = await traced.foretold();
    assert.deepEqual(assertForetold(word, await traced.stalls('nested')), ['root']);
    assert.match(word, /publishes spans with -Ddd\.profiling\.enabled=true/);
  });
});
