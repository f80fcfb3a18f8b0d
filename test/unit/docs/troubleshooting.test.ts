// SPDX-License-Identifier: Apache-2.0
// People search docs/troubleshooting.md for the words on their screen, so it must have all messages, and no other.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { troubleshootingDoc } from '../../../docs/generate/troubleshooting-doc.ts';
import { losses } from '../../../src/event/books.ts';
import { decodeKernelBooks } from '../../../src/event/source-books.ts';
import { MESSAGES } from '../../../src/messages/table.ts';
import { fixedParts, readText, sourceTexts } from './messages.ts';

const TROUBLESHOOTING = readText('docs/troubleshooting.md');
const SOURCES = sourceTexts();

/** Quotations: code in the first column of a table with messages, according to its head. */
function quotations(): string[] {
  const found: string[] = [];
  let quoting = false;
  for (const line of TROUBLESHOOTING.split('\n')) {
    const [, first] = /^\| (.*?) \|/.exec(line) ?? [];
    if (first === undefined) quoting = false;
    else if (/\b(?:message|line)\b/.test(first) && !first.includes('`')) quoting = true;
    else if (quoting) found.push(...[...first.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll('\\|', '|')));
  }
  return found;
}

/** Reasons of the outputs, options and variables are not messages. */
const NO_MESSAGE =
  /^(?:manual|unknown_service\S*|without\{\w+\}|-p PID|queue_full|shutdown|(?:grpc|http|write)_\S*|compactstall|OTEL_\S+)$/;

describe('docs/troubleshooting.md', () => {
  it('quotes the messages of the sources', () => {
    const quoted = quotations().filter((text) => !NO_MESSAGE.test(text));
    assert.ok(quoted.length > 40, `${quoted.length}`);
    const wrong = quoted.flatMap((text) => fixedParts(text).filter((part) => !SOURCES.includes(part)));
    assert.deepEqual(wrong, []);
  });

  it('has the row of each message as the table of messages has it', () => {
    assert.equal(troubleshootingDoc(TROUBLESHOOTING), TROUBLESHOOTING, 'npm run generate');
  });

  it('has no message that nothing says', () => {
    const users = sourceTexts((path) => path.startsWith('src/') && !path.startsWith('src/messages/'));
    assert.deepEqual(
      Object.keys(MESSAGES).filter((code) => !users.includes(`'${code}'`)),
      [],
    );
  });

  it('may lack no message, and have none twice', () => {
    const row = TROUBLESHOOTING.split('\n').find((line) => line.startsWith('| `queue_full`:'))!;
    assert.throws(() => troubleshootingDoc(TROUBLESHOOTING.replace(row, '')), /has no row for queue_full; add one/);
    assert.throws(() => troubleshootingDoc(TROUBLESHOOTING.replace(row, `${row}\n${row}`)), /two rows for queue_full;/);
  });

  it('has each reason why events are lost', () => {
    // Every counter of the kernel is far above 0.
    const kernel = decodeKernelBooks(Buffer.alloc(4096, 1));
    const dropped = { queue_full: 1 };
    const sinks = [{ name: 'otlp', books: { accepted: 3, exported: 1, queued: 1, dropped } }];
    const counts = { received: 1, decoded: 0, malformed: 1, pendingBytes: 1, programMisses: 1 };
    const reasons = [...losses({ kernel, ...counts }, sinks).keys(), ...losses(counts, []).keys()];
    assert.ok(reasons.length > 9, reasons.join());
    const missing = reasons.filter((reason) => !TROUBLESHOOTING.includes(reason.replace(/^otlp/, '...')));
    assert.deepEqual(missing, []);
  });
});
