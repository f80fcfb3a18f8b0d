// SPDX-License-Identifier: Apache-2.0
// People search docs/troubleshooting.md for the words on their screen, so it must have all messages of the sources.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeKernelBooks, losses } from '../../../src/event/books.ts';
import { fixedParts, readText, sourceTexts } from './messages.ts';

const TROUBLESHOOTING = readText('docs/troubleshooting.md');
const SOURCES = sourceTexts();
/** The messages of doctor have their next step beside them. */
const WITHOUT_DOCTOR = sourceTexts((path) => !path.startsWith('src/doctor/'));

/** Quotations: code in the first column of a table with messages, according to its head. */
function quotations(): string[] {
  const found: string[] = [];
  let quoting = false;
  for (const line of TROUBLESHOOTING.split('\n')) {
    const [, first] = /^\| (.*?) \|/.exec(line) ?? [];
    if (first === undefined) quoting = false;
    else if (/\b(?:message|line)\b/.test(first) && !first.includes('`')) quoting = true;
    else if (quoting) found.push(...[...first.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
  }
  return found;
}

/** Reasons of the outputs, options and variables are not messages. */
const NO_MESSAGE =
  /^(?:manual|unknown_service\S*|without\{\w+\}|-p PID|queue_full|shutdown|(?:grpc|http|write)_\S*|compactstall|OTEL_\S+)$/;

/** The places in a source where a sentence for people begins. */
const SAID =
  /(?:\b(?:HostError|InstallError)\(\s*|\bwhy:\s+|\bwhy: \(.*?\) =>\s*|(?:#say|#warn|\bwarn|\bsay)\(\s*(?:'\w+',\s*)?)(['"`])((?:(?!\1).)*)\1/g;
/** Sentences that are not about errors. */
const ELSEWHERE = /^(?:attached|\.\.\.: \.\.\.|\.\.\. attached|\.\.\. \.\.\.)/;

describe('docs/troubleshooting.md', () => {
  it('quotes the messages of the sources', () => {
    const quoted = quotations().filter((text) => !NO_MESSAGE.test(text));
    assert.ok(quoted.length > 40, `${quoted.length}`);
    const wrong = quoted.flatMap((text) => fixedParts(text).filter((part) => !SOURCES.includes(part)));
    assert.deepEqual(wrong, []);
  });

  it('has each sentence with which the agent warns or fails', () => {
    const sentences = [...WITHOUT_DOCTOR.matchAll(SAID)]
      .map(([, , text]) => text!)
      .filter((text) => !ELSEWHERE.test(text));
    assert.ok(sentences.length > 20, `${sentences.length}`);
    const missing = sentences.filter((text) => {
      const parts = fixedParts(text, 12);
      return parts.length > 0 && !parts.some((part) => TROUBLESHOOTING.includes(part.slice(0, 24)));
    });
    assert.deepEqual(missing, []);
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
