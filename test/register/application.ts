// SPDX-License-Identifier: Apache-2.0
// An application under test. It waits at each of its checks, in the checking thread, until it has been stopped and read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Memory } from './memory.ts';
import { type ProcessContext, readProcessContexts } from './process-context.ts';
import { type ThreadContext, ThreadContextReader } from './thread-context.ts';

/** A limit that only a hang reaches. */
const GIVE_UP_MS = 30_000;

export const APPS = fileURLToPath(new URL('apps/', import.meta.url));

export interface Check {
  /** The subject of the check. */
  name: string;
  /** The active span of the application's own API. */
  active?: ThreadContext;
  /** The active span of the thread context, read from outside. */
  read?: ThreadContext | undefined;
  processContexts: ProcessContext[];
}

export interface Run {
  checks: Check[];
  code: number;
  stderr: string;
  seen: ThreadContextReader['seen'];
}

export async function runApplication(node: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const child = spawn(node, args, { cwd: APPS, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } });
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // It may have ended already.
  child.stdin.on('error', () => {});
  const checks: Check[] = [];
  let memory: Memory | undefined;
  let reader: ThreadContextReader | undefined;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      memory ??= new Memory(child.pid!);
      reader ??= new ThreadContextReader(memory);
      const { isMainThread, ...check } = JSON.parse(line);
      const tid = isMainThread ? child.pid! : await waitingWorker(child.pid!);
      await stop(child.pid!, tid);
      checks.push({ ...check, read: reader.read(tid), processContexts: readProcessContexts(memory) });
      child.kill('SIGCONT');
      child.stdin.write('\n');
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${args.join(' ')}: ${(error as Error).message}; it said: ${stderr}`, { cause: error });
  } finally {
    memory?.close();
  }
  const [code] = await closed;
  return { checks, code, stderr, seen: reader?.seen };
}

/** The worker that waits in read(0, ...). */
function waitingWorker(pid: number): Promise<number> {
  return found('no worker waits', () => {
    const waits = (tid: string) => systemCall(pid, tid).startsWith('0 0x0 ');
    const tid = readdirSync(`/proc/${pid}/task`).find(waits);
    return tid === undefined ? undefined : Number(tid);
  });
}

/** Stops all threads: even a waiting one may do something meanwhile, such as collecting garbage. */
async function stop(pid: number, tid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const stopped = () => /\) T /.test(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')) || undefined;
  await found(`thread ${tid} does not stop`, stopped);
}

/** Asks until there is an answer. */
async function found<T>(otherwise: string, ask: () => T | undefined): Promise<T> {
  for (const deadline = performance.now() + GIVE_UP_MS; ; await sleep(1)) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${otherwise} after ${GIVE_UP_MS / 1000} s`);
  }
}

function systemCall(pid: number, tid: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'utf8');
  } catch {
    // The thread has ended meanwhile.
    return '';
  }
}
