// SPDX-License-Identifier: Apache-2.0
/**
 * A backlog of spans in a spool: how fast it is stored and how fast it drains into a real collector, in how much memory; and the same spans
 * without a spool. By hand: `node bench/backlog.ts 1000000`. Needs no root.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../harness/child.ts';
import { startCollector } from '../harness/receivers/receivers.ts';
import { COMMAND, readEvents } from './agent.ts';
import { writeRecording } from './recording.ts';

const LOOK_MS = 200;
const RECORDING = new URL('../examples/recording.jsonl', import.meta.url).pathname;
/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9';

interface Measured {
  seconds: number;
  /** Resident memory in MiB: each LOOK_MS. */
  mib: number[];
  cpuSeconds: number;
  log: string;
}

/** Runs the command to its end. */
async function measure(args: readonly string[], endpoint: string): Promise<Measured> {
  const begin = performance.now();
  const path = `${process.execPath.replace(/\/[^/]*$/, '')}:${process.env.PATH}`;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    PATH: path,
    // Without a collector `replay` would wait when so many are not delivered, also with a spool.
    ...(endpoint === AWAY && { OTEL_BSP_MAX_QUEUE_SIZE: '100000000' }),
  };
  const child = new Child('compactstall', COMMAND, [...args], env);
  const mib: number[] = [];
  let cpuSeconds = 0;
  while (child.running) {
    try {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      cpuSeconds = Math.max(cpuSeconds, (Number(stat[11]) + Number(stat[12])) / 100);
      mib.push((Number(stat[21]) * 4096) / 1024 ** 2);
    } catch {
      // It ends.
    }
    // Without a collector, replay would wait for it.
    if (child.log().includes('all is read') && endpoint === AWAY) await child.stop(60_000);
    await sleep(LOOK_MS);
  }
  return { seconds: (performance.now() - begin) / 1000, mib, cpuSeconds, log: child.log() };
}

function row(what: string, count: number, { seconds, mib, cpuSeconds }: Measured): string {
  const at = (share: number) => `${mib[Math.floor((mib.length - 1) * share)]!.toFixed(0)} MiB`;
  const memory = `memory after a quarter ${at(0.25)}, a half ${at(0.5)}, three quarters ${at(0.75)}; most ${Math.max(...mib).toFixed(0)} MiB`;
  return `${what}: ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} spans/s, ${((cpuSeconds / count) * 1e6).toFixed(1)} us of CPU a span; ${memory}`;
}

const count = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'compactstall-backlog-'));
try {
  const recording = join(folder, 'recording.jsonl');
  writeRecording(recording, readEvents(RECORDING), count);
  const spool = join(folder, 'spool');
  const replay = ['replay', recording, '-o', 'none'];
  const spansFile = join(folder, 'spans.jsonl');

  let collector = await startCollector({ spansFile });
  console.log(row('without a spool', count, await measure(replay, collector.endpoint)));
  await collector.stop();
  rmSync(spansFile);
  console.log(row('stored', count, await measure([...replay, '--spool', spool, '--spool-size', '64G'], AWAY)));
  collector = await startCollector({ spansFile });
  const drained = await measure(['spool', 'send', spool], collector.endpoint);
  console.log(row('drained', count, drained));
  console.log(drained.log.trim());
  await collector.stop();
} finally {
  rmSync(folder, { recursive: true });
}
