// SPDX-License-Identifier: Apache-2.0
// Machines that do not boot or end properly, with a shell script instead of the emulator.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MachineOptions, runMachine } from '../../../harness/machine/machine.ts';

const UP = `echo booting; echo '{"type":"up"}' >&3; read -r command <&3`;
const HANG = 'echo hanging; exec sleep 1000';

/** The limit of machines that are given up. */
const SHORT_MS = 200;
/** The limit of other machines, enough for any busy host. */
const LONG_MS = 60_000;

const CONSOLES = fileURLToPath(new URL('../../../build/vm', import.meta.url));

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
});
after(() => rmSync(folder, { recursive: true }));

function emulator(script: string): string {
  const path = join(folder, 'emulator');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

function machine(script: string, options: Partial<MachineOptions> = {}): MachineOptions {
  const nothing = { name: 'test', kernel: '/nonexistent', image: '/nonexistent' };
  return { ...nothing, command: 'make it so', emulator: emulator(script), ...options };
}

async function linesAndStatus(options: MachineOptions) {
  const lines: string[] = [];
  const running = runMachine(options);
  for (;;) {
    const { done, value } = await running.next();
    if (done) return { lines, status: value };
    lines.push(value);
  }
}

/** Reads the console that the error names, and removes it. */
function consoleOf(error: Error): string {
  const [, path] = /\(console: (.*)\)$/.exec(error.message)!;
  const text = readFileSync(path!, 'utf8');
  rmSync(path!);
  return text;
}

async function failure(options: MachineOptions): Promise<Error> {
  return linesAndStatus(options).then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );
}

describe('a machine', { timeout: 2 * LONG_MS }, () => {
  it('gets its command, and returns lines and the exit status', async () => {
    const script = `${UP}; echo "{\\"type\\":\\"test\\",\\"command\\":\\"$command\\"}" >&3; echo '{"type":"end","status":7}' >&3`;
    let said = '';
    const say = (message: string) => {
      said += message;
    };
    const { lines, status } = await linesAndStatus(machine(script, { say }));
    assert.deepEqual([lines, status], [['{"type":"test","command":"make it so"}'], 7]);
    assert.equal(consoleOf(new Error(said)), 'booting\n');
  });

  it('that loses its power ends at once, is not booted again, and leaves no console', async () => {
    const power = new AbortController();
    const name = 'without-power';
    const running = runMachine(machine(`echo x >>${folder}/boots; ${HANG}`, { name, power: power.signal }));
    const ended = assert.rejects(running.next(), (error) => error === power.signal.reason);
    const boots = () => existsSync(join(folder, 'boots')) && readFileSync(join(folder, 'boots'), 'utf8');
    while (!boots()) await sleep(10);
    power.abort(new Error('off'));
    await ended;
    assert.equal(boots(), 'x\n');
    assert.deepEqual(globSync(`${CONSOLES}/${name}-*`), []);
  });

  it('that hangs at boot is booted once more', async () => {
    const said: string[] = [];
    const script = `[ -e ${folder}/again ] || { ${HANG}; }; ${UP}; echo '{"type":"end","status":0}' >&3`;
    // Between the two boots, so that the progress of the first does not matter.
    const say = (message: string) => {
      said.push(message);
      writeFileSync(`${folder}/again`, '');
    };
    const { status } = await linesAndStatus(machine(script, { bootsMs: [SHORT_MS, LONG_MS], say }));
    assert.equal(status, 0);
    assert.match(said.join('\n'), /^test: has not booted within 0\.2 s \(console: .*\); trying once more$/);
    consoleOf(new Error(said[0]!.split(';')[0]));
  });

  it('that hangs twice is given up; its console is kept', async () => {
    const said: string[] = [];
    const error = await failure(
      machine(HANG, { bootsMs: [SHORT_MS, SHORT_MS], say: (message) => said.push(message.split(';')[0]!) }),
    );
    assert.match(error.message, /^test: has not booted within 0\.2 s/);
    assert.equal(said.length, 1);
    // Its progress does not matter.
    for (const text of [consoleOf(error), consoleOf(new Error(said[0]))]) assert.match(text, /^(hanging\n)?$/);
  });

  it('that ends before it has booted is booted once more', async () => {
    const said: string[] = [];
    const script = `if mkdir ${folder}/panicked; then echo panic; exit 0; fi; ${UP}; echo '{"type":"end","status":0}' >&3`;
    const { status } = await linesAndStatus(machine(script, { say: (message) => said.push(message) }));
    assert.equal(status, 0);
    assert.match(said.join('\n'), /^test: ended before it had booted \(console: .*\); trying once more$/);
    assert.equal(consoleOf(new Error(said[0]!.split(';')[0])), 'panic\n');
  });

  it('that ends before its command did has failed', async () => {
    const error = await failure(machine(`${UP}; echo panic`));
    assert.match(error.message, /^test: ended before its command did/);
    assert.equal(consoleOf(error), 'booting\npanic\n');
  });

  it('that takes too long is ended', async () => {
    const error = await failure(machine(`${UP}; ${HANG}`, { limitMs: SHORT_MS }));
    assert.match(error.message, /^test: still running after 0\.2 s/);
    consoleOf(error);
  });

  it('is killed with the process that started it, however that ends', async () => {
    const options = machine(`echo $$ >${folder}/pid; ${HANG}`);
    const program = `import { runMachine } from '${new URL('../../../harness/machine/machine.ts', import.meta.url)}';
      await runMachine(${JSON.stringify(options)}).next();`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
    while (!existsSync(`${folder}/pid`) || readFileSync(`${folder}/pid`, 'utf8') === '') {
      assert.equal(parent.exitCode, null);
      await sleep(20);
    }
    const pid = Number(readFileSync(`${folder}/pid`, 'utf8'));
    process.kill(pid, 0);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    const alive = () => existsSync(`/proc/${pid}`) && !/ Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    while (alive()) await sleep(20);
  });
});
