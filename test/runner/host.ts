// SPDX-License-Identifier: Apache-2.0
/** Finds out whether this host can run the live tests, by trying. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { bpfObjectsLeft, COMPACT_MEMORY } from '../../harness/host.ts';
import { ROOT } from './layers.ts';
import type { Obstacle } from './results.ts';

/** The doctor loads and attaches everything, which takes seconds on a busy host. */
const DOCTOR_MS = 60_000;

interface Report {
  canRun: boolean;
  checks: { id: string; status: string; why: string }[];
}

/** Why the live tests cannot run here, in the doctor's words where those say it. The agent has to be built. */
export async function missingForLive(): Promise<Obstacle | undefined> {
  const refused = refusedToAgent();
  if (refused !== undefined) return refused;
  const why = await refusedToTests();
  return why === undefined ? undefined : { why, ofHost: true };
}

/** A plan that fits this kernel, as it says itself, and that its verifier refuses all the same. */
const REFUSED_PROGRAMS = /\b(?:tp_btf|fentry|kprobe)(?: without probe reads)?: refused:/;

function refusedToAgent(): Obstacle | undefined {
  const words = [`${ROOT}dist/bin/compactstall.js`, 'doctor', '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: DOCTOR_MS });
  try {
    const { canRun, checks } = JSON.parse(stdout) as Report;
    const failed = checks.filter(({ status }) => status === 'fail');
    if (canRun) return undefined;
    const why = [...new Set(failed.map((check) => check.why))].join(' ');
    const isBroken = failed.some(({ id }) => id === 'install') || failed.every(({ why }) => REFUSED_PROGRAMS.test(why));
    return { why, ofHost: !isBroken };
  } catch {
    const why = `compactstall doctor gave no report: ${stderr.trim().split('\n').at(-1) ?? ''}`;
    return { why, ofHost: false };
  }
}

/** The live tests cause compactions, count all those of the host, and use namespaces to hide parts of it from the agent. */
async function refusedToTests(): Promise<string | undefined> {
  if (process.getuid!() !== 0) return 'the live tests need root: they write to /proc/sys/vm/compact_memory.';
  try {
    closeSync(openSync(COMPACT_MEMORY, constants.O_WRONLY));
  } catch (error) {
    return `the live tests may not write to ${COMPACT_MEMORY}: ${(error as NodeJS.ErrnoException).code}.`;
  }
  const { status, stderr } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  });
  if (status !== 0) return `the live tests may not mount anything in a namespace: ${stderr.trim()}.`;
  // The kernel may free the doctor's programs a little later.
  if ((await bpfObjectsLeft()).length > 0) {
    return 'another compactstall is running here, and the live tests look at all that the kernel holds. End it first.';
  }
  return undefined;
}
