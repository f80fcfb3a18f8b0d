// SPDX-License-Identifier: Apache-2.0
/**
 * Whether this host's hardware runs machines. It is not enough that /dev/kvm opens: on a host that is a virtual machine itself,
 * machines of a few instructions may run and Linux may not. So Linux is booted until it finds no root.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE } from '../../toolchain/cache.ts';
import { QEMU } from './qemu.ts';

export type Accelerator = 'kvm' | 'tcg';

export interface Probe {
  emulator?: string;
  device?: string;
  /** The file that keeps the answer. */
  file?: string;
  /** The limit; with hardware the boot takes a second or two. */
  limitMs?: number;
}

const BOOTED = /Unable to mount root fs/;
const BROKEN = /KVM internal error/;

/** Keeps the answer until this host restarts: demo, example and tests are separate processes, and ask one after the other. */
const FOUND = join(CACHE, 'accelerator');

let found: Promise<Accelerator> | undefined;

/** @param kernel the directory that fetch.sh prints; the answer holds for other kernels as well */
export function accelerator(kernel: string): Promise<Accelerator> {
  found ??= probe(kernel);
  return found;
}

/** Notes that a machine did not boot with hardware. */
export function forgetHardware(): void {
  found = Promise.resolve('tcg');
  remember(FOUND, 'tcg');
}

export async function probe(kernel: string, options: Probe = {}): Promise<Accelerator> {
  const { emulator = QEMU.x64, device = '/dev/kvm', limitMs = 8000, file = FOUND } = options;
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const known = remembered(file);
  if (known) return known;
  const answer = (await boots(emulator, kernel, limitMs)) ? 'kvm' : 'tcg';
  remember(file, answer);
  return answer;
}

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function remembered(file: string): Accelerator | undefined {
  try {
    const [boot, answer] = readFileSync(file, 'utf8').split(' ');
    return boot === bootId() && (answer === 'kvm' || answer === 'tcg') ? answer : undefined;
  } catch {
    return undefined;
  }
}

function remember(file: string, answer: Accelerator): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${bootId()} ${answer}`);
}

function boots(emulator: string, kernel: string, limitMs: number): Promise<boolean> {
  const qemu = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', emulator],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-accel', 'kvm', '-cpu', 'host'],
      ...['-m', '512', '-serial', 'stdio', '-kernel', join(kernel, 'vmlinuz'), '-append', 'console=ttyS0 panic=-1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve) => {
    let said = '';
    const decide = (answer: boolean) => {
      clearTimeout(limit);
      qemu.kill('SIGKILL');
      resolve(answer);
    };
    const limit = setTimeout(decide, limitMs, false);
    for (const stream of [qemu.stdout!, qemu.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (BOOTED.test(said)) decide(true);
        else if (BROKEN.test(said)) decide(false);
      });
    }
    qemu.once('close', () => decide(BOOTED.test(said))).once('error', () => decide(false));
  });
}
