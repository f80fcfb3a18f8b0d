// SPDX-License-Identifier: Apache-2.0
/** Boots a machine, runs one command in it, and passes on the lines that the command writes to its descriptor 3. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { accelerator, forgetHardware } from './accelerator.ts';
import { type Hardware, QEMU, qemuArguments } from './qemu.ts';

/** The folder for the consoles of machines that failed. */
const CONSOLES = fileURLToPath(new URL('../../build/vm/', import.meta.url));
/** The limit of each boot. One takes 6 s on an idle host. The emulator hangs in about one of 20; a few end in a panic. */
const BOOTS_MS = [90_000, 90_000];

export interface MachineOptions extends Hardware {
  /** Names the console's file. */
  name: string;
  /** The command, which /bin/sh runs as root: one line of at most 4000 bytes. The machine ends with it. */
  command: string;
  /** A limit that only a hanging machine reaches. */
  limitMs?: number;
  /** Whether the terminal is the machine's console. */
  interactive?: boolean;
  /** Ends the machine at once when it is aborted, and then runMachine() throws its reason. */
  power?: AbortSignal;
  /** A replacement for qemu, for the tests of this file. */
  emulator?: string;
  bootsMs?: readonly number[];
  say?: (message: string) => void;
}

class FailedBoot extends Error {}

/**
 * Boots a machine and runs the command.
 * @returns the command's exit status
 * Throws when the machine did not boot or did not end cleanly; the message names the file with its console.
 */
export async function* runMachine(options: MachineOptions): AsyncGenerator<string, number> {
  const limits = options.bootsMs ?? BOOTS_MS;
  for (const [i, bootMs] of limits.entries()) {
    const foreign = options.arch !== undefined && options.arch !== process.arch;
    const chosen = options.accelerator ?? (options.emulator || foreign ? 'tcg' : await accelerator(options.kernel));
    try {
      const file = `${options.name}-${process.pid}-${i + 1}.console`;
      return yield* runOnce({ ...options, accelerator: chosen }, bootMs, join(CONSOLES, file));
    } catch (error) {
      // Lines come only after the boot, so a repeated boot passes none on twice.
      if (!(error instanceof FailedBoot) || i === limits.length - 1) throw error;
      options.say?.(`${error.message}; trying once more`);
      if (chosen === 'kvm') forgetHardware();
    }
  }
  throw new Error('not one boot was allowed');
}

async function* runOnce(options: MachineOptions, bootMs: number, consoleFile: string): AsyncGenerator<string, number> {
  const { name, command, limitMs = 1_200_000, interactive = false } = options;
  const qemu = start(options, interactive);
  const ended = new Promise<void>((resolve, reject) => {
    qemu.once('close', () => resolve()).once('error', reject);
  });
  ended.catch(() => {});
  const logged = interactive ? undefined : keepConsole(qemu, consoleFile);
  const port = qemu.stdio[3] as Duplex;
  let late: Error | undefined;
  const giveUp = (error: Error) => () => {
    late = error;
    qemu.kill('SIGKILL');
  };
  const limit = setTimeout(giveUp(new Error(`${name}: still running after ${limitMs / 1000} s`)), limitMs);
  const cutPower = () => giveUp(options.power!.reason)();
  options.power?.addEventListener('abort', cutPower);
  const boot = setTimeout(giveUp(new FailedBoot(`${name}: has not booted within ${bootMs / 1000} s`)), bootMs);
  let up = false;
  let status: number | undefined;
  try {
    for await (const line of createInterface({ input: port })) {
      const message = JSON.parse(line) as { type: string; status?: number };
      if (message.type === 'up') {
        up = true;
        clearTimeout(boot);
        port.write(`${command}\n`);
      } else if (message.type === 'end') {
        status = message.status!;
        // Nothing is left to save. A failed machine goes on, so that its console is read to the end.
        if (status === 0) qemu.kill('SIGKILL');
      } else {
        yield line;
      }
    }
    await ended;
    if (late) throw late;
    if (!up) throw new FailedBoot(`${name}: ended before it had booted`);
    if (status === undefined) throw new Error(`${name}: ended before its command did`);
    await logged?.written;
    if (status === 0) rmSync(consoleFile, { force: true });
    else if (logged) options.say?.(`${name}: ended with status ${status} (console: ${consoleFile})`);
    return status;
  } catch (error) {
    qemu.kill('SIGKILL');
    await logged?.written;
    if (options.power?.aborted) {
      rmSync(consoleFile, { force: true });
      throw options.power.reason;
    }
    if (!interactive && error instanceof Error) error.message += ` (console: ${consoleFile})`;
    throw error;
  } finally {
    clearTimeout(limit);
    clearTimeout(boot);
    options.power?.removeEventListener('abort', cutPower);
    // Needed when the caller stops reading lines.
    qemu.kill('SIGKILL');
  }
}

/** Starts the emulator. It is killed when this process ends in any way; a Ctrl-C for this process does not reach it. */
function start(options: MachineOptions, interactive: boolean): ChildProcess {
  const terminal = interactive ? 'inherit' : 'pipe';
  return spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', options.emulator ?? QEMU[options.arch ?? 'x64'], ...qemuArguments(options)],
    {
      detached: !interactive,
      stdio: [interactive ? 'inherit' : 'ignore', terminal, interactive ? 'inherit' : 'pipe', 'pipe'],
    },
  );
}

function keepConsole(qemu: ChildProcess, file: string) {
  mkdirSync(CONSOLES, { recursive: true });
  const stream = createWriteStream(file);
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  qemu.stdout!.pipe(stream, { end: false });
  qemu.stderr!.pipe(stream, { end: false });
  qemu.once('close', () => stream.end());
  return { written: closed };
}
