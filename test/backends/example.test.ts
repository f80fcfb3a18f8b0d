// SPDX-License-Identifier: Apache-2.0
// `npm run example` on this host, to its end and ended in the middle: nothing stays behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { capabilities, type Deprivation } from '../support/deprived.ts';
import { assertTrees } from '../support/example-trees.ts';
import { bpfObjectsLeft } from '../support/host.ts';
import { waitUntil } from './child.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/trace/trace.ts', import.meta.url));
const GIVE_UP_MS = 120_000;
const END_MS = 30_000;
const SETTINGS = ['/proc/sys/vm/', '/sys/kernel/mm/transparent_hugepage/'];
/** In the environment of a run and of all that it starts. */
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

class Run {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(under: Deprivation = []) {
    const [name, value] = MARK.split('=') as [string, string];
    const [program, ...args] = [...under, process.execPath, EXAMPLE];
    // In a process group of its own, as a shell starts it.
    const env = { ...process.env, [name]: value, TMPDIR: temporary };
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

  /** Of this process alone, as kill and systemd send it, or of its group, as a terminal does. */
  signal(name: NodeJS.Signals, whom: 'process' | 'group'): void {
    process.kill(whom === 'group' ? -this.#child.pid! : this.#child.pid!, name);
  }
}

/** Those with the mark, by their command lines. */
function running(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && readOrNothing(`/proc/${pid}/environ`).split('\0').includes(MARK))
    .map((pid) => `${pid} ${readOrNothing(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function settings(): Map<string, string> {
  const files = SETTINGS.flatMap((folder) => readdirSync(folder).map((name) => folder + name));
  return new Map(files.map((file) => [file, readOrNothing(file)]));
}

/** Some settings cannot be read, some files are folders, some processes have ended. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

async function nothingIsLeft(settingsBefore: Map<string, string>): Promise<void> {
  // A killed process takes a moment to be gone.
  await waitUntil(
    () => running().length === 0 || undefined,
    END_MS,
    () => `still running: ${running().join('\n')}`,
  );
  assert.deepEqual(await bpfObjectsLeft(), []);
  assert.deepEqual(readdirSync(temporary), []);
  assert.deepEqual(settings(), settingsBefore);
}

describe('the example', () => {
  it('prints a request of each service with its stalls, as Jaeger has it', async () => {
    const before = settings();
    const run = new Run();
    await run.said('2 at once');
    // Otherwise nothingIsLeft would say nothing.
    const programs = running().join('\n');
    for (const program of ['collector', 'jaeger', 'compactstall.js', 'server.js', 'c-service']) {
      assert.ok(programs.includes(program), `${program} is not in ${programs}`);
    }
    assert.equal(await run.ended, 0, run.stderr);
    assert.match(run.stderr, / \d+ compactions, 0 lost$/m);
    assert.match(run.stderr, / \d+ stalls are in their requests' traces; \d+ came before/);
    // Not necessarily one for each zone: the agent may have come to know the service between two of them.
    assertTrees(run.stdout, 'compaction manual, whole zone, \\w+: \\w+', /^ +│? +compact_(node|store)\+0x/m);
    await nothingIsLeft(before);
  });

  for (const [when, name, whom, code] of [
    ['starting a collector', 'SIGINT', 'process', 130],
    ['compactstall is attached', 'SIGTERM', 'process', 143],
    ['the services accept requests', 'SIGINT', 'process', 130],
    ['2 at once', 'SIGINT', 'group', 130],
  ] as const) {
    it(`leaves nothing behind at ${name} to its ${whom} after "${when}"`, async () => {
      const before = settings();
      const run = new Run();
      await run.said(when);
      run.signal(name, whom);
      assert.equal(await run.ended, code, run.stderr);
      assert.equal(run.stdout, '');
      await nothingIsLeft(before);
    });
  }

  it('leaves nothing behind when it fails', async () => {
    const before = settings();
    const run = new Run(capabilities('-bpf,-perfmon,-sys_admin'));
    assert.equal(await run.ended, 1);
    assert.match(run.stderr, /example: compactstall ended with exit code 3 before it was ready/);
    await nothingIsLeft(before);
  });
});
