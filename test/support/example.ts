// SPDX-License-Identifier: Apache-2.0
/** Runs `npm run example` for a test, and checks that nothing of it stays behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../harness/child.ts';
import { bpfObjectsLeft } from '../../harness/host.ts';
import type { Deprivation } from './deprived.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/trace/trace.ts', import.meta.url));
/** A limit that only a hang reaches, even in an emulator beside another machine. */
const GIVE_UP_MS = 300_000;
const END_MS = 30_000;
const SETTINGS = ['/proc/sys/vm/', '/sys/kernel/mm/transparent_hugepage/'];
/** A mark in the environment of a run and of all processes that it starts. */
const MARK = `COMPACTSTALL_EXAMPLE_TEST=${process.pid}`;

let temporary: string;
before(() => {
  temporary = mkdtempSync(join(tmpdir(), 'compactstall-'));
});
const runs = new Set<Run>();
after(() => {
  for (const run of runs) run.signal('SIGKILL', 'group');
  rmSync(temporary, { recursive: true });
});

interface RunOptions {
  under?: Deprivation;
  env?: Record<string, string>;
}

export class Run {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(words: string[] = [], { under = [], env: more = {} }: RunOptions = {}) {
    const [name, value] = MARK.split('=') as [string, string];
    const [program, ...args] = [...under, process.execPath, EXAMPLE, ...words];
    // In a separate process group, as a shell starts it.
    const env = { ...process.env, [name]: value, TMPDIR: temporary, ...more };
    const child = spawn(program!, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    runs.add(this);
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        runs.delete(this);
        resolve(code);
      });
    });
  }

  said(text: string): Promise<true> {
    return waitUntil(
      () => {
        if (this.stderr.includes(text)) return true;
        if (!runs.has(this)) throw new Error(`it ended before it said "${text}": ${this.stderr}`);
        return undefined;
      },
      GIVE_UP_MS,
      () => `it has not said "${text}" but ${this.stderr}`,
    );
  }

  /** Signals this process alone, like kill and systemd, or its group, like a terminal. */
  signal(name: NodeJS.Signals, whom: 'process' | 'group'): void {
    process.kill(whom === 'group' ? -this.#child.pid! : this.#child.pid!, name);
  }
}

/** The command lines of the processes with the mark. */
export function running(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && readOrNothing(`/proc/${pid}/environ`).split('\0').includes(MARK))
    .map((pid) => `${pid} ${readOrNothing(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

export function settings(): Map<string, string> {
  const files = SETTINGS.flatMap((folder) => readdirSync(folder).map((name) => folder + name));
  return new Map(files.map((file) => [file, readOrNothing(file)]));
}

/** Reads a file; empty when that fails: some settings cannot be read, some files are folders, some processes have ended. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Waits, as a killed process takes a moment to disappear. */
export async function nothingIsRunning(): Promise<void> {
  await waitUntil(
    () => running().length === 0 || undefined,
    END_MS,
    () => `still running: ${running().join('\n')}`,
  );
}

export async function nothingIsLeft(settingsBefore: Map<string, string>): Promise<void> {
  await nothingIsRunning();
  assert.deepEqual(await bpfObjectsLeft(), []);
  assert.deepEqual(readdirSync(temporary), []);
  assert.deepEqual(settings(), settingsBefore);
}
