// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from '../../event/event.ts';
import type { Message } from '../../messages/message.ts';
import { printableJson } from '../../terminal.ts';
import type { BatchFormat } from '../text/text-sink.ts';
import type { Batch } from './collector.ts';
import { DeliveryMessages } from './delivery-messages.ts';
import { routeDiagnostics } from './diagnostics.ts';
import { openRequests } from './open-requests.ts';
import { requestJson } from './request-json.ts';
import { splitRequest } from './request-splitter.ts';
import type { RequestWriter } from './request-writer.ts';
import type { ResourceOf } from './resources.ts';
import { readSettings } from './settings.ts';
import type { StackPlace } from './span-writer.ts';

/** The Collector's otlpjsonfile receiver cuts lines at 1 MiB unless its `max_log_size` says otherwise, and can read neither part. */
const MAX_LINE = 1_000_000;
/** As JSON a request is some three times as large. */
const USUAL_BYTES = 256 * 1024;

export interface JsonLinesOptions {
  /** The name of the file. */
  name: string;
  stack: StackPlace;
  resource: ResourceOf;
  warn: (message: Message) => void;
  env: NodeJS.ProcessEnv;
}

/** The requests that the OTLP sink would send, as OTLP/JSON, one request a line. A batch has its own requests. */
export async function otlpJsonLines({ name, stack, resource, warn, env }: JsonLinesOptions): Promise<BatchFormat> {
  const settings = readSettings(env);
  routeDiagnostics(settings.logLevel, warn);
  const messages = new DeliveryMessages(name, warn);
  const requests = await openRequests({ stack, resource, env, settings, messages });
  return (events) => linesOf(events, requests, messages);
}

function linesOf(events: readonly AgentEvent[], requests: RequestWriter, messages: DeliveryMessages) {
  const texts: string[] = [];
  const leftOut = new Map<string, AgentEvent[]>();
  let first = 0;
  // With the first event of the request: what is cut before its end has none of them.
  const finish = () => {
    if (requests.spans === 0) return;
    texts[first] = requestLines(requests.finish());
    first = texts.length;
  };
  for (const event of events) {
    let added = requests.add(event, USUAL_BYTES);
    if (added === 'full') {
      finish();
      added = requests.add(event, USUAL_BYTES);
    }
    if (added === 'too_large') messages.tooLarge();
    if (added === 'added') texts.push('');
    else leftOut.set(added, [...(leftOut.get(added) ?? []), event]);
  }
  finish();
  return { texts, leftOut };
}

/** One line, or more where it would be too long. */
function requestLines(batch: Batch): string {
  const line = `${printableJson(requestJson(batch.bytes))}\n`;
  if (batch.spans < 2 || Buffer.byteLength(line) <= MAX_LINE) return line;
  return splitRequest(batch, batch.bytes.length).map(requestLines).join('');
}
