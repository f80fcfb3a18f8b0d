// SPDX-License-Identifier: Apache-2.0
import { printable, wrap } from '../terminal.ts';
import type { Check } from './check.ts';
import { canRun } from './examine.ts';

const COLORS = { ok: '\x1b[32m', warn: '\x1b[33m', fail: '\x1b[1;31m' } as const;
const BOLD = '\x1b[1m';
const RESET = '\x1b[0m';
/** The text is not wrapped where this does not fit: it would be a column of single words. */
const MIN_TEXT_WIDTH = 40;

export interface ReportStyle {
  color: boolean;
  /** Width of the terminal; without it lines are not wrapped. */
  columns?: number;
}

/** The checks as text: status, id and reason; below them what to do. The verdict is last, where the eye rests. */
export function reportText(
  host: { version: string; kernel: string; machine: string },
  checks: readonly Check[],
  style: ReportStyle,
): string {
  const paint = (code: string, text: string) => (style.color ? `${code}${text}${RESET}` : text);
  const idWidth = Math.max(...checks.map(({ id }) => id.length));
  const indent = ' '.repeat(4 + 2 + idWidth + 2);
  const width = style.columns === undefined ? undefined : style.columns - indent.length;
  const lines = (text: string) =>
    width === undefined || width < MIN_TEXT_WIDTH ? [printable(text)] : wrap(printable(text), width);

  const rows = checks.flatMap((check) => {
    const [first, ...more] = lines(check.why);
    const todo = check.status === 'ok' ? [] : lines(`-> ${check.todo}`);
    const status = paint(COLORS[check.status], check.status.padEnd(4));
    return [`${status}  ${check.id.padEnd(idWidth)}  ${first}`, ...[...more, ...todo].map((line) => indent + line)];
  });
  const title = `compactstall ${host.version}, Linux ${printable(host.kernel)} on ${host.machine}`;
  return [paint(BOLD, title), '', ...rows, '', paint(BOLD, verdict(checks)), ''].join('\n');
}

function verdict(checks: readonly Check[]): string {
  const of = (status: Check['status']) => checks.filter((check) => check.status === status).map(({ id }) => id);
  const warnings = of('warn').length > 0 ? `; warnings: ${of('warn').join(', ')}` : '';
  return canRun(checks)
    ? `compactstall can run here${warnings}.`
    : `compactstall cannot run here: ${of('fail').join(', ')}${warnings}.`;
}
