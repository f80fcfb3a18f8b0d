// SPDX-License-Identifier: Apache-2.0
import { LineComplaints } from '../event/line-complaints.ts';
import { linesOf } from '../event/lines.ts';
import { parseJson } from '../event/parse.ts';
import { bytesOf, openRecording } from '../event/recording-file.ts';
import { type Message, message } from '../messages/message.ts';
import type { ApplicationSpan } from './application-span.ts';
import { spansIn } from './otlp-json.ts';

/** In characters. A Collector writes a request a line, however large it is. */
const LONGEST_LINE = 64 * 2 ** 20;

const READER = 'correlate RECORDING --otlp-json -';

/**
 * The spans of a file of OTLP/JSON, one request a line. Lines that are none are reported, counted and skipped.
 *
 * @param warn called with each of the first ones
 * @throws UserError where the file cannot be read
 */
export async function* spansOfFile(path: string, warn: (message: Message) => void): AsyncGenerator<ApplicationSpan[]> {
  const complaints = new LineComplaints(path, warn);
  let number = 0;
  let read = 0;
  for await (const lines of linesOf(bytesOf(openRecording(path, READER), path), LONGEST_LINE)) {
    for (const line of lines) {
      number += 1;
      if (line.trim() === '') continue;
      let spans: ApplicationSpan[];
      try {
        if (line.length > LONGEST_LINE) throw new Error(`longer than ${LONGEST_LINE} characters`);
        spans = spansIn(parseJson(line));
        read += spans.length;
      } catch (error) {
        complaints.add(number, error as Error);
        continue;
      }
      yield spans;
    }
  }
  complaints.end();
  if (read === 0) warn(message('no_spans', { file: path }));
}
