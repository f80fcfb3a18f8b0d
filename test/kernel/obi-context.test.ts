// SPDX-License-Identifier: Apache-2.0
// Threads whose span OpenTelemetry eBPF Instrumentation (OBI) knows: a stall is linked to exactly that span, if the process
// publishes none. OBI's map is a real one, pinned where OBI pins it; the test writes its entries.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ObiMap, PrivateBpffs, type Span } from '../../harness/bpffs.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, type Finished, parseLines } from '../support/agent.ts';
import { assertNothingLost, termOf } from '../support/books.ts';
import { Publisher } from '../support/publisher.ts';
import { contextOf } from '../support/stalls.ts';

const STALLS = 7;
/** More stalls than a process makes before the agent knows that it publishes. */
const KNOWN_AFTER = 500;
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
const STALLS_PROGRAM = fileURLToPath(new URL('../../harness/programs/stalls/build/glibc/program', import.meta.url));

const spanOf = (n: number): Span => ({
  traceId: n.toString(16).padStart(32, '0'),
  spanId: n.toString(16).padStart(16, '0'),
});
const linked = (span: Span) => ({ source: 'obi', ...span, flags: 0, relation: 'link' });

/** A term of the books: the number of begins with a context, or without one for a reason. */
const counted = ({ books }: Finished, term: string): number => termOf(books!, 'begins', term);

async function startAgent(bpffs: PrivateBpffs, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  return new Agent(['--output', 'json', '--verify', ...args], { under: bpffs.under, env, books: true }).attached();
}

const eventsOf = ({ stdout }: Finished, pid: number) => parseLines(stdout).filter((event) => event.pid === pid);

describe('a stall in a thread whose span OBI knows', () => {
  let bpffs: PrivateBpffs;
  let map: ObiMap;
  let silent: Publisher;
  before(async () => {
    bpffs = await PrivateBpffs.mount();
    map = new ObiMap(bpffs);
    silent = new Publisher('memfd');
  });
  after(() => silent.end());

  async function stalls(agent: Agent): Promise<Finished> {
    for (let n = 1; n <= STALLS; n++) {
      map.set(silent.pid, silent.pid, spanOf(n));
      await silent.stall(COMPACT_NODE0);
      // This thread is not in the map.
      compact(COMPACT_NODE0, 1);
    }
    return agent.stop();
  }

  function assertLinked(finished: Finished): void {
    assertNothingLost(finished);
    const contexts = eventsOf(finished, silent.pid).map(({ context }) => context);
    const expected = Array.from({ length: STALLS * ZONES }, (_, i) => linked(spanOf(Math.floor(i / ZONES) + 1)));
    assert.deepEqual(contexts, expected);
  }

  it('is linked to exactly that span, even if OBI’s span has changed by then; another thread has none, which is counted', async () => {
    const finished = await stalls(await startAgent(bpffs));
    assertLinked(finished);
    for (const { traceId, spanId, context } of eventsOf(finished, silent.pid)) {
      assert.notEqual(traceId, context?.traceId);
      assert.notEqual(spanId, context?.spanId);
    }
    const own = eventsOf(finished, process.pid);
    assert.equal(own.length, STALLS * ZONES);
    assert.ok(own.every(({ context }) => context === undefined));
    assert.equal(counted(finished, 'with context'), STALLS * ZONES);
    assert.ok(counted(finished, 'without{unpublished}') >= STALLS * ZONES);
    assert.doesNotMatch(finished.stderr, /not seen/);
    assert.equal(map.size(), 1);
  });

  it('is linked to it also in another BPF file system, which OBI’s own variable names', async () => {
    const elsewhere = await PrivateBpffs.mount();
    assertLinked(await stalls(await startAgent(elsewhere, [], { OTEL_EBPF_BPF_FS_PATH: bpffs.folder })));
  });

  for (const [what, span, reason] of [
    ['zeros in both ids are no span', spanOf(0), 'unpublished'],
    ['a trace without a span is counted as invalid', { ...spanOf(0), traceId: spanOf(1).traceId }, 'invalid'],
  ] as const) {
    it(what, async () => {
      const agent = await startAgent(bpffs);
      map.set(silent.pid, silent.pid, span);
      await silent.stall(COMPACT_NODE0);
      const finished = await agent.stop();
      assertNothingLost(finished);
      const events = eventsOf(finished, silent.pid);
      assert.deepEqual(
        events.map(({ context }) => context),
        Array(ZONES).fill(undefined),
      );
      assert.ok(counted(finished, `without{${reason}}`) >= ZONES);
      assert.equal(counted(finished, 'without{invalid}'), reason === 'invalid' ? ZONES : 0);
    });
  }

  it('--context off: nothing is looked up', async () => {
    const finished = await stalls(await startAgent(bpffs, ['--context', 'off']));
    const { equations } = assertNothingLost(finished);
    assert.ok(eventsOf(finished, silent.pid).every(({ context }) => context === undefined));
    assert.ok(equations.every(({ terms }) => !('with context' in terms)));
  });

  it('without OBI’s map nothing is looked up, and nothing is reported', async () => {
    const finished = await stalls(await startAgent(await PrivateBpffs.mount()));
    assertNothingLost(finished);
    assert.ok(eventsOf(finished, silent.pid).every(({ context }) => context === undefined));
    assert.equal(counted(finished, 'with context'), 0);
    assert.doesNotMatch(finished.stderr, /not seen/);
  });

  it('a map of another kind is not read, which is reported', async () => {
    const another = await PrivateBpffs.mount();
    new ObiMap(another, { valueSize: 32 }).size();
    const finished = await stalls(await startAgent(another));
    assertNothingLost(finished);
    assert.equal(eventsOf(finished, silent.pid).length, STALLS * ZONES);
    assert.equal(counted(finished, 'with context'), 0);
    const said = finished.stderr.match(
      /^compactstall: the spans of OpenTelemetry eBPF Instrumentation cannot be read\..*$/gm,
    );
    assert.equal(said?.length, 1, finished.stderr);
    assert.match(said[0], /traces_ctx_v1'.*values of 32 bytes.*values of 24 bytes/);
  });
});

it('the span that a process publishes comes before OBI’s, thread by thread', async () => {
  const bpffs = await PrivateBpffs.mount();
  const map = new ObiMap(bpffs);
  const agent = await startAgent(bpffs);
  const program = spawn(STALLS_PROGRAM, [COMPACT_NODE0], { stdio: ['pipe', 'pipe', 'inherit'] });
  after(() => program.kill('SIGKILL'));
  const lines = createInterface({ input: program.stdout });
  const own = () => agent.events().filter(({ pid }) => pid === program.pid);
  let stalls = 0;
  const stall = async (count: number) => {
    program.stdin.write(`${count}\n`);
    await once(lines, 'line');
    stalls += count;
    await agent.until(() => own().length === stalls * 5 * ZONES);
  };
  await stall(1);
  const span = spanOf(0x0b1);
  for (const tid of readdirSync(`/proc/${program.pid}/task`)) map.set(program.pid!, Number(tid), span);
  while (stalls < KNOWN_AFTER && !own().some(({ context }) => context?.source === 'thread')) await stall(1);
  const before = stalls;
  await stall(STALLS);
  const finished = await agent.stop();
  program.stdin.end();

  assertNothingLost(finished);
  const threads = [...Map.groupBy(eventsOf(finished, program.pid!), ({ tid }) => tid).values()];
  const late = threads.map((events) => events.slice(before * ZONES));
  const sources = (events: CompactionEvent[]) => [...new Set(events.map(({ context }) => context?.source))].join();
  assert.deepEqual(late.map(sources).sort(), ['obi', 'thread', 'thread', 'thread', 'thread']);
  for (const events of late) {
    for (const [i, { tid, context }] of events.entries()) {
      const published = contextOf(tid, before + Math.floor(i / ZONES) + 1);
      assert.deepEqual(context, context?.source === 'obi' ? linked(span) : published);
    }
  }
});
