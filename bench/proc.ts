// SPDX-License-Identifier: Apache-2.0
/** Readings of a running agent from /proc, without its help. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { descriptorsOf, ofEach } from '../harness/processes.ts';

/** The thread of bpf-loader-native that waits for the ring buffer: it runs once for each wake-up by a BPF program. */
export const RING_THREAD = 'bpf-ring';

export interface Memory {
  rssBytes: number;
  /** The memory without mapped files, which are mostly Node.js itself, shared with every other process that runs it. */
  anonymousBytes: number;
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)![1]) * 1024;
  return { rssBytes: bytes('VmRSS'), anonymousBytes: bytes('RssAnon') };
}

/** The CPU time of all its threads in nanoseconds. Threads that have ended are left out. */
export function cpuNs(pid: number): number {
  const times = ofEach(`/proc/${pid}/task`, (task) =>
    Number(readFileSync(`${task}/schedstat`, 'latin1').split(' ')[0]),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

/** How often each thread went to sleep, by `tid name`: once per wake-up. A thread that is preempted is not woken again. */
export type Switches = Map<string, number>;

export function switches(pid: number): Switches {
  const threads = ofEach(`/proc/${pid}/task`, (task) => {
    const status = readFileSync(`${task}/status`, 'utf8');
    const name = /^Name:\s+(.*)$/m.exec(status)![1];
    return [`${basename(task)} ${name}`, Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)![1])] as const;
  });
  return new Map(threads);
}

/** Switches since `before` by thread name, without the zeros. */
export function switchesSince(before: Switches, now: Switches): Map<string, number> {
  const byName = new Map<string, number>();
  for (const [thread, count] of now) {
    const name = thread.slice(thread.indexOf(' ') + 1);
    const more = count - (before.get(thread) ?? 0);
    if (more > 0) byName.set(name, (byName.get(name) ?? 0) + more);
  }
  return byName;
}

export interface RunTime {
  runs: number;
  ns: number;
}

/**
 * The kernel's run-time statistics of an agent's two programs, from its descriptors. Reading them around each piece of work is
 * cheap. They count only on request, here by the agent with --verbose.
 */
export class ProgramCounters {
  readonly #begin: string;
  readonly #end: string;

  constructor(pid: number) {
    const texts = [...descriptorsOf(pid)];
    // A link names the tracepoint and the program's id. The program with that id has the counters.
    const counters = (tracepoint: string): string => {
      const link = texts.find(([, text]) => text.includes(`tp_name:\t${tracepoint}\n`))?.[1];
      const id = /^prog_id:\s+(\d+)$/m.exec(link ?? '')?.[1];
      const program = texts.find(([, text]) => text.includes(`prog_id:\t${id}\n`) && text.includes('run_time_ns:'));
      if (!program) throw new Error(`the agent has no program on ${tracepoint}`);
      return program[0];
    };
    this.#begin = counters('mm_compaction_begin');
    this.#end = counters('mm_compaction_end');
  }

  read(): { begin: RunTime; end: RunTime } {
    return { begin: runTime(this.#begin), end: runTime(this.#end) };
  }
}

function runTime(file: string): RunTime {
  const text = readFileSync(file, 'utf8');
  const value = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)$`, 'm').exec(text)![1]);
  return { runs: value('run_cnt'), ns: value('run_time_ns') };
}
