// SPDX-License-Identifier: Apache-2.0
// The stalls of services that handle requests at the same time, in a real Jaeger behind a real collector: each is in the trace
// of its own request, inside the span that was active. The services are those of examples/.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request, SERVICES, type Service, startServices } from '../../examples/trace/services.ts';
import { populatedZones } from '../../harness/host.ts';
import type { ReceivedSpan } from '../../harness/receivers/otlp.ts';
import { type Jaeger, startCollectorWith, startJaeger } from '../../harness/receivers/receivers.ts';
import { Agent } from '../support/agent.ts';

const REQUESTS = 23;
/** The limit until the agent knows a service, for which one stall is enough. */
const FIRST_AT_MOST = 50;
const DEADLINE_MS = 60_000;
const ZONES = populatedZones()
  .filter(({ node }) => node === 0)
  .map(({ name }) => name);
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter(({ span }) => span.name === name);
const byStart = (a: ReceivedSpan, b: ReceivedSpan) => Number(a.start - b.start);

describe('in Jaeger', () => {
  let jaeger: Jaeger;
  let services: Service[];
  /** The number of requests before the agent knew the services. */
  const first = new Map<string, number>();
  /** The agent's events of each service's stalls, by their span ids. */
  let reported: Map<string, Set<string>>;
  before(async () => {
    execFileSync('make', ['--silent', '-C', path('../../examples/c-service')]);
    jaeger = await startJaeger();
    const config = path('../../examples/trace/collector.yaml');
    const collector = await startCollectorWith(config, {}, { JAEGER_OTLP_ENDPOINT: jaeger.endpoint });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const agent = await new Agent(['--output', 'json'], { env }).attached();
    services = await startServices(collector.httpEndpoint, false);
    const own = ({ child }: Service) => agent.events().filter(({ pid }) => pid === child.pid);
    for (const service of services) {
      let number = 0;
      for (; number < FIRST_AT_MOST && !own(service).some(({ context }) => context); number++) {
        await request(`${service.url}first-${number}`);
        await sleep(100);
      }
      assert.ok(number < FIRST_AT_MOST, `${service.name} did not become known`);
      first.set(service.name, number);
    }
    const all = (_: unknown, number: number) => services.map(({ url }) => request(`${url}${number}`));
    await Promise.all(Array.from({ length: REQUESTS }, all).flat());
    // Each then sends its last spans.
    for (const { child } of services) await child.stop();
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    reported = new Map(services.map((service) => [service.name, new Set(own(service).map(({ spanId }) => spanId))]));
    await collector.stop();
  });
  after(() => jaeger.stop());

  for (const { name, operation, stalls: stalling } of SERVICES) {
    it(`each request to ${name} has exactly its own stalls, inside the span that was active`, async () => {
      const found = await jaeger.waitForTraces({ service: name, operation }, first.get(name)! + REQUESTS, DEADLINE_MS);
      const traces = await Promise.all(found.map(({ traceID }) => jaeger.spans(traceID)));
      const latest = traces.sort((a, b) => byStart(a[0]!, b[0]!)).slice(-REQUESTS);
      const seen = new Set<string>();
      for (const spans of latest) {
        const [root, ...otherRoots] = spans.filter(({ span }) => !span.parentSpanId);
        assert.equal(root!.span.name, operation);
        assert.deepEqual(otherRoots, []);
        const [parent, ...otherParents] = named(spans, stalling);
        assert.deepEqual(otherParents, []);
        const stalls = named(spans, 'compaction manual').sort(byStart);
        assert.deepEqual(
          stalls.map(({ attributes }) => attributes['compaction.zone']),
          ZONES,
        );
        for (const { span, start, end, resource, attributes } of stalls) {
          assert.equal(span.parentSpanId, parent!.span.spanId);
          assert.ok(
            start >= parent!.start && end <= parent!.end,
            `${start}..${end}, not in ${parent!.start}..${parent!.end}`,
          );
          assert.equal(resource['service.name'], name);
          assert.equal(attributes['process.pid'], services.find((service) => service.name === name)!.child.pid);
          assert.ok(reported.get(name)!.has(span.spanId));
          seen.add(span.spanId);
        }
        // Such as a missing parent.
        for (const { attributes } of spans) assert.equal(attributes['@jaeger@warnings'], undefined);
      }
      assert.equal(seen.size, REQUESTS * ZONES.length);
      assert.ok(latest.some(interleaved(latest)), 'no request was under way while another stalled');
    });
  }
});

/** Whether a stall of another request happened during this one. */
const interleaved = (all: ReceivedSpan[][]) => (spans: ReceivedSpan[]) => {
  const root = spans.find(({ span }) => !span.parentSpanId)!;
  const others = named(all.filter((other) => other !== spans).flat(), 'compaction manual');
  return others.some(({ start, end }) => start > root.start && end < root.end);
};
