// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode } from '../errors.ts';
import { message } from '../messages/message.ts';
import { requestJson } from '../sinks/otlp/request-json.ts';
import type { StoredRecord } from '../spool/format.ts';
import { segmentsIn } from '../spool/inspect.ts';
import { printableJson } from '../terminal.ts';
import type { Messages } from './messages.ts';
import { print } from './standard-output.ts';

/**
 * Prints the requests that wait in a spool as lines of OTLP/JSON, oldest first. What cannot be read is left out and reported. Files that were
 * set aside are left out, too: what could be read of them was sent.
 *
 * @returns the exit code: FAILURE where something could not be read
 */
export async function exportSpool(path: string, messages: Messages): Promise<ExitCode> {
  let isWhole = true;
  const damaged = (file: string, reason: string) => {
    isWhole = false;
    messages.say(message('spool_export_skips', { folder: path, file, reason }));
  };
  for await (const { report, records } of segmentsIn(path)) {
    if (report.isBad) continue;
    if (report.damage !== undefined) damaged(report.file, report.damage);
    const failed = await printRecords(records);
    if (failed === 'reader_gone') break;
    if (failed > 0) damaged(report.file, `${failed} requests are none of OTLP`);
  }
  return isWhole ? EXIT.OK : EXIT.FAILURE;
}

/** @returns how many are not requests; or that nobody reads any more, as with `| head` */
async function printRecords(records: readonly StoredRecord[]): Promise<number | 'reader_gone'> {
  let failed = 0;
  for (const { payload } of records) {
    let line: string;
    try {
      line = requestJson(payload);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      failed += 1;
      continue;
    }
    if (!(await print(`${printableJson(line)}\n`))) return 'reader_gone';
  }
  return failed;
}
