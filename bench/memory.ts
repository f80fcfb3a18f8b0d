// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of agents and their probers: idle, after some spans, and after minutes on a host that is busy with compactions and
 * process starts. Several builds run at the same time, so that they see the same compactions and processes.
 *
 *   npm run bench -- memory
 *   COMPACTSTALL_BENCH_MINUTES=5 npm run bench -- memory
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../harness/child.ts';
import { COMPACT_NODE0, compact, populatedZones } from '../harness/host.ts';
import { childrenOf } from '../harness/processes.ts';
import { startCollector } from '../harness/receivers/receivers.ts';
import { COMMAND, startAgent } from './agent.ts';
import type { Builds, Comparison } from './comparison.ts';
import { type Memory, memory } from './proc.ts';
import { table } from './report.ts';

const MINUTES = Number(process.env.COMPACTSTALL_BENCH_MINUTES ?? 20);
const COMPACTIONS_PER_SECOND = 55;
const STARTS_PER_SECOND = 20;
/** The time until an agent is idle: V8 collects garbage for up to 8 s after work. */
const SETTLE_MS = 12_000;
const WRITES = 7;

interface Both {
  agent: Memory;
  prober: Memory;
}

interface Look {
  when: string;
  /** The ratio to the revision that the targets are measured from. */
  target: number;
  /** One for each command. */
  found: Both[];
}

export async function measureMemory(): Promise<string> {
  const looks = await observe([COMMAND]);
  const row = ({ when, found }: Look) => [when, sum(found[0]!, anonymous), sum(found[0]!, resident)];
  return table(['agent + prober', 'anonymous memory', 'resident memory'], looks.map(row));
}

export async function versusMemory({ other, ours }: Builds): Promise<Comparison[]> {
  const looks = await observe([other, ours]);
  return looks.flatMap(({ when, target, found }) => [
    { ...compared(`anonymous memory of agent and prober ${when}`, found, anonymous), target },
    compared(`resident memory of agent and prober ${when}`, found, resident),
  ]);
}

const compared = (what: string, [other, ours]: readonly Both[], bytes: (one: Memory) => number): Comparison => ({
  what,
  other: [bytes(other!.agent) + bytes(other!.prober)],
  ours: [bytes(ours!.agent) + bytes(ours!.prober)],
  format: (value) => `${mb(value)} MB`,
});

async function observe(commands: readonly string[]): Promise<Look[]> {
  const collector = await startCollector({ spansFile: '/dev/null' });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  const agents: Child[] = [];
  const looks: Look[] = [];
  const look = async (when: string, target: number) => {
    await sleep(SETTLE_MS);
    looks.push({ when, target, found: agents.map(both) });
  };
  try {
    for (const command of commands) {
      agents.push(await startAgent(['--output', 'otlp', '--pid', String(process.pid)], env, command));
    }
    await look('while idle', 0.7);
    compact(COMPACT_NODE0, WRITES);
    await look('after some spans', 0.7);
    await keepBusy(MINUTES * 60_000);
    const load = `${COMPACTIONS_PER_SECOND} compactions and ${STARTS_PER_SECOND} process starts a second`;
    await look(`after ${MINUTES} minutes of ${load}`, 0.5);
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await collector.stop();
  }
  return looks;
}

/** Each write compacts every zone of the node. */
async function keepBusy(forMs: number): Promise<void> {
  const zones = populatedZones().filter(({ node }) => node === 0).length;
  const writing = setInterval(() => compact(COMPACT_NODE0, 1), (1000 * zones) / COMPACTIONS_PER_SECOND);
  const starting = setInterval(
    () => void once(spawn('/bin/true', { stdio: 'ignore' }), 'exit'),
    1000 / STARTS_PER_SECOND,
  );
  await sleep(forMs);
  clearInterval(writing);
  clearInterval(starting);
}

function both({ pid }: Child): Both {
  const [prober] = childrenOf(pid).flatMap(childrenOf);
  return { agent: memory(pid), prober: memory(prober!) };
}

const anonymous = ({ anonymousBytes }: Memory) => anonymousBytes;
const resident = ({ rssBytes }: Memory) => rssBytes;
const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
const sum = ({ agent, prober }: Both, bytes: (one: Memory) => number) =>
  `${mb(bytes(agent))} + ${mb(bytes(prober))} MB`;
