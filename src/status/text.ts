// SPDX-License-Identifier: Apache-2.0
import { printable } from '../terminal.ts';
import type { AgentStatus } from './status.ts';

const SECONDS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
];

/** The status for a person. @param duration writes nanoseconds, as in the tables */
export function statusText(status: AgentStatus, duration: (ns: number) => string): string {
  const { version, pid, plan, uptimeSeconds, perSecond, ring, queued, destinations, stalled, books } = status;
  const { problems, messages } = status;
  const lost = Object.values(books.lost).reduce((sum, n) => sum + n, 0);
  const filled = ((ring.usedBytes / ring.sizeBytes) * 100).toFixed(0);
  const lines = [
    `compactstall ${version}, pid ${pid}, attached (${plan}) for ${time(uptimeSeconds)}`,
    `${books.compactions} compactions, ${lost} lost, ${books.notRecorded} not recorded`,
    `${perSecond.last10.toFixed(1)} a second over 10 s, ${perSecond.last60.toFixed(1)} over a minute`,
    `ring buffer ${filled} % full${queued === undefined ? '' : `, ${queued} spans queued`}`,
    ...destinations,
    ...Object.entries(books.lost).map(([reason, n]) => `lost ${n}: ${reason}`),
  ];
  if (stalled.length > 0) lines.push('', 'waited longest:');
  for (const { process, service, count, sumNano, longestNano } of stalled) {
    const name = service === undefined ? process : `${process} (${service})`;
    lines.push(`  ${duration(sumNano).padStart(8)} in ${count}, the longest ${duration(longestNano)}: ${name}`);
  }
  if (problems.length > 0) lines.push('', 'last errors and warnings:');
  for (const { unixMs, level, text, times } of problems) {
    const often = times > 1 ? ` (${times} times)` : '';
    lines.push(`  ${timeOf(unixMs)} ${level}: ${text}${often}`);
  }
  if (messages.length > 0) lines.push('', 'last messages:');
  for (const { unixMs, text } of messages) lines.push(`  ${timeOf(unixMs)} ${text}`);
  return `${lines.map(printable).join('\n')}\n`;
}

const timeOf = (unixMs: number): string => new Date(unixMs).toISOString();

/** The two largest units: `3 d 4 h`, `12 s`. */
function time(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.floor(seconds);
  for (const [unit, size] of SECONDS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (parts.length === 1 || count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}
