// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { Correlations } from '../correlate/correlations.ts';
import { spansOfJaeger } from '../correlate/jaeger.ts';
import { spansOfFile } from '../correlate/otlp-file.ts';
import { spansOfTempo } from '../correlate/tempo.ts';
import { usageError } from '../errors.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Recording } from '../event/recording.ts';
import { STANDARD_INPUT } from '../event/recording-file.ts';
import { type Message, message } from '../messages/message.ts';
import { printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { CORRELATE_OPTIONS, selectionOf } from './compactstall-options.ts';
import { correlationsJson, correlationsText } from './correlations-text.ts';
import type { Messages } from './messages.ts';
import { parseOptions, withDefaults } from './options.ts';
import { readToEnd, recordingPath } from './recording.ts';
import { reportBooks } from './report.ts';
import { printed } from './standard-output.ts';

/** `compactstall correlate`: which spans of applications the stalls of a recording were in. @returns the exit code */
export async function correlate(args: readonly string[], messages: Messages): Promise<number> {
  const { values: given, positionals } = parseOptions('compactstall correlate', CORRELATE_OPTIONS, args);
  if (given.help) return printed(helpOf('correlate'));
  if (given.version) return printed(`compactstall ${VERSION}\n`);
  const values = withDefaults(CORRELATE_OPTIONS, given);
  const { 'otlp-json': file, jaeger, tempo } = values;
  if ([file, jaeger, tempo].filter((place) => place !== undefined).length !== 1) {
    throw usageError(
      'correlate needs to know where the spans are: give one of --otlp-json FILE, --jaeger URL and --tempo URL.',
    );
  }
  const path = recordingPath('correlate', positionals);
  if (path === STANDARD_INPUT && file === STANDARD_INPUT) {
    throw usageError('correlate reads either the recording or the spans from standard input, not both.');
  }
  const warn = (warning: Message) => messages.say(warning);
  const source = Recording.open('correlate', path, warn, selectionOf(values));
  const result = new Correlations(values.top);
  const pipeline = new Pipeline(source, [], { onEvents: (events) => result.addEvents(events) });
  const isWhole = await readToEnd(source, path, pipeline, messages);
  const { from, to, pids, traceIds } = result.choose(values.host);
  if (from !== undefined) await settled(to, values.wait, messages);
  const found = () => {
    if (file !== undefined) return spansOfFile(file, warn);
    if (from === undefined) return [];
    if (jaeger !== undefined) return spansOfJaeger(jaeger, from, to);
    return spansOfTempo(tempo!, { from, to, pids, traceIds }, warn);
  };
  for await (const spans of found()) for (const span of spans) result.addSpan(span);
  const longest = result.longest();
  const { looked } = result;
  await printed(
    values.json
      ? `${printableJson(JSON.stringify(correlationsJson(longest, looked), null, 2))}\n`
      : `${correlationsText(longest, looked)}\n`,
  );
  return reportBooks(messages, source.books(), [], !isWhole);
}

/** Waits until a time is so long ago, both in nanoseconds. One to come is of another host's clock. */
async function settled(time: bigint, wait: number, messages: Messages): Promise<void> {
  const ago = Number(BigInt(Date.now()) * 1_000_000n - time);
  if (ago < 0 || ago >= wait) return;
  const milliseconds = Math.ceil((wait - ago) / 1e6);
  messages.say(message('spans_awaited', { seconds: Math.ceil(milliseconds / 1000) }));
  await sleep(milliseconds);
}
