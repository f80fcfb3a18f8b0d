// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { EXIT, usageError } from '../errors.ts';
import { openSpools } from '../sinks/spools.ts';
import { currentOwner } from '../spool/folder.ts';
import { inspectSpool, type SegmentReport } from '../spool/inspect.ts';
import { printable, printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { SPOOL_OPTIONS } from './compactstall-options.ts';
import { readSettings } from './file-options.ts';
import type { Messages } from './messages.ts';
import { parseOptions } from './options.ts';
import { exportSpool } from './spool-export.ts';
import { printed } from './standard-output.ts';

/** The most that a timer of Node.js takes: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** `compactstall spool ls|verify|export|send DIR`. @returns the exit code */
export async function spool(args: readonly string[], messages: Messages): Promise<number> {
  const { values, positionals } = parseOptions('compactstall spool', SPOOL_OPTIONS, args);
  if (values.help) return printed(helpOf('spool'));
  if (values.version) return printed(`compactstall ${VERSION}\n`);
  const [verb, path, ...more] = positionals;
  if (path === undefined || more.length > 0 || !['ls', 'verify', 'export', 'send'].includes(verb!)) {
    throw usageError('spool needs what to do, and one folder: compactstall spool ls|verify|export|send DIR.');
  }
  if (verb === 'send') return send(path, values, messages);
  if (verb === 'export') return exportSpool(path, messages);
  const reports = await inspectSpool(path);
  await printed(values.json ? `${printableJson(JSON.stringify(reports, null, 2))}\n` : table(reports));
  const isDamaged = reports.some(({ damage }) => damage !== undefined);
  return verb === 'verify' && isDamaged ? EXIT.FAILURE : EXIT.OK;
}

function table(reports: readonly SegmentReport[]): string {
  const time = (ms: number | undefined) => (ms === undefined ? '-' : new Date(ms).toISOString());
  const rows = [
    ['FILE', 'BYTES', 'REQUESTS', 'SPANS', 'OLDEST', 'STATE'],
    ...reports.map(({ file, bytes, requests, spans, oldestMs, damage, unfinishedBytes }) => [
      file,
      ...[bytes, requests, spans].map(String),
      time(oldestMs),
      damage ?? (unfinishedBytes > 0 ? `whole, then ${unfinishedBytes} bytes unfinished` : 'whole'),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const spans = reports.reduce((sum, report) => sum + (report.isBad ? 0 : report.spans), 0);
  const lines = rows.map((row) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${[...lines, `${spans} spans wait`].join('\n')}\n`;
}

/** Sends what is in the spool, as its owner, until it is empty or the collector does not take it. */
async function send(path: string, given: { config?: string }, messages: Messages): Promise<number> {
  becomeOwnerOf(path);
  const { environments } = await readSettings(SPOOL_OPTIONS, given);
  const wish = { path, bytes: Number.POSITIVE_INFINITY, ageMs: Number.MAX_SAFE_INTEGER, owner: currentOwner() };
  const [folder] = await openSpools(wish, [{ kind: 'otlp' }], environments.slice(0, 1));
  const { createOtlpSink } = await import('../sinks/otlp/sink.ts');
  const warn = messages.say.bind(messages);
  const sink = await createOtlpSink({ stack: 'none', spool: folder, env: environments[0]!, warn });
  await sink.start!();
  await sink.close(NO_LIMIT_MS);
  const { exported, dropped, spooled } = sink.books();
  const lost = Object.entries(dropped);
  await printed(
    `${[`${exported} spans sent`, ...lost.map(([why, n]) => `${n} lost: ${why}`), `${spooled} stay`].join('\n')}\n`,
  );
  if (lost.length > 0) return EXIT.LOST;
  return spooled! > 0 ? EXIT.FAILURE : EXIT.OK;
}

/** So that the agent may use the files that this makes. */
function becomeOwnerOf(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || process.geteuid!() !== 0 || status.uid === 0) return;
  process.setegid!(status.gid);
  process.seteuid!(status.uid);
}
