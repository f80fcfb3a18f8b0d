// SPDX-License-Identifier: Apache-2.0
/** The comparison with bcc's compactsnoop, in an emulated machine where that works: Linux 5.10 with Debian 11's bcc. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { kernelNamed } from '../../harness/machine/kernels.ts';
import { table } from '../report.ts';
import { median, sum } from '../statistics.ts';
import { emulated, samplesOf, thousands } from './run.ts';
import type { Sample } from './samples.ts';

const KERNEL = '5.10';
const SUITE = 'bullseye';
const ROUNDS = 3;
const DEBIAN = fileURLToPath(new URL('debian.sh', import.meta.url));

/** @returns a table; takes ten minutes */
export async function compareWithBcc(): Promise<string> {
  const samples = await samplesOf({ kernel: KERNEL, program: `bcc.ts ${ROUNDS}`, disk: diskWithBcc() });
  const rows = ['', ' -K'].flatMap((flag) => {
    const rounds = Array.from({ length: ROUNDS }, (_, round): Round => {
      const of = (tool: string) => samples.find((sample) => sample.tool === tool && sample.round === round)!;
      return { bcc: of(`bcc${flag}`), ours: of(`ours${flag}`) };
    });
    return flag === ''
      ? rowsOf(rounds, 'without stacks', WITHOUT_STACKS)
      : rowsOf(rounds, 'with stacks (-K)', WITH_STACKS);
  });
  const head = ['what', 'bcc', 'ours', 'ours / bcc', 'range of that', 'aim'];
  return `${emulated(KERNEL)}; ${ROUNDS} rounds.\n\n${table(head, rows)}`;
}

/** Makes the disk. bcc compiles its programs at its start, with the headers of the same kernel. */
function diskWithBcc(): string {
  const packages = readFileSync(join(fetchKernel(kernelNamed(KERNEL)), 'packages'), 'utf8');
  const version = /linux-image-(\S+?)_/.exec(packages)![1];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  try {
    const words = [SUITE, 'bpfcc-tools', `linux-headers-${version}`];
    return execFileSync(DEBIAN, words, { encoding: 'utf8', stdio: [...stdio] }).trim();
  } catch {
    throw new Error(`there is no disk with bcc. ${DEBIAN} reports why; missing headers belong to an old kernel folder`);
  }
}

/** The share of bcc's instructions that is aimed at. */
type Aims = { manual: string; direct: string };
const WITHOUT_STACKS: Aims = { manual: '0.50', direct: '0.70' };
const WITH_STACKS: Aims = { manual: '1.15', direct: '1.15' };

/** One round: both did the same work, one shortly after the other. */
interface Round {
  bcc: Sample;
  ours: Sample;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function rowsOf(rounds: readonly Round[], how: string, aims: Aims): string[][] {
  const row = (what: string, value: (sample: Sample) => number, format: (value: number) => string, aim = '') => {
    const ratios = rounds.map(({ bcc, ours }) => value(ours) / value(bcc));
    const middle = (tool: keyof Round) => format(median(rounds.map((round) => value(round[tool]))));
    const range = `${Math.min(...ratios).toFixed(2)} - ${Math.max(...ratios).toFixed(2)}`;
    return [`${what}, ${how}`, middle('bcc'), middle('ours'), `**${median(ratios).toFixed(2)}**`, range, aim];
  };
  const cost = (kind: 'manual' | 'direct') => {
    const pairs = sum(rounds.map(({ ours }) => ours[kind].pairs));
    const what = `BPF instructions per pair, ${kind} (${pairs} pairs)`;
    return row(what, (sample) => sample[kind].nsPerPair, thousands, aims[kind]);
  };
  const printed = (tool: keyof Round) => {
    const all = rounds.flatMap((round) => [round[tool].manualRows, round[tool].directRows]);
    return `${sum(all.map((rows) => rows.printed))} of ${sum(all.map(({ happened }) => happened))}`;
  };
  return [
    cost('manual'),
    cost('direct'),
    row('process start to first row', ({ firstRowMs }) => firstRowMs, seconds, '0.10'),
    row('resident memory', ({ memory }) => memory.rssBytes, mb, '0.75'),
    row('of that anonymous', ({ memory }) => memory.anonymousBytes, mb),
    [`compactions printed, ${how}`, printed('bcc'), printed('ours'), '', '', 'all'],
  ];
}
