// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOOKS_SIZE } from '../../../src/abi.generated.ts';
import type { Messages } from '../../../src/cli/messages.ts';
import { reportBooks, reportBooksSoFar } from '../../../src/cli/report.ts';
import { EXIT } from '../../../src/errors.ts';
import type { NamedSinkBooks } from '../../../src/event/books.ts';
import { decodeKernelBooks, type SourceBooks } from '../../../src/event/source-books.ts';

/** What a report prints, and returns. */
function printed<T>(report: (messages: Messages) => T): { returned: T; lines: string[] } {
  const lines: string[] = [];
  const messages: Pick<Messages, 'say'> = {
    say: ({ text }, below = []) => void lines.push(`compactstall: ${text}`, ...below),
  };
  return { returned: report(messages as Messages), lines };
}

/** The printed lines, and the exit code. */
function report(source: SourceBooks, sinks: readonly NamedSinkBooks[], failed = false) {
  const { returned, lines } = printed((messages) => reportBooks(messages, source, sinks, failed));
  return { exitCode: returned, lines };
}

const sink = (name: string, exported: number, dropped: Record<string, number> = {}, queued = 0) => ({
  name,
  books: { accepted: 0, exported, queued, dropped },
});

describe('the books at the end of a run', () => {
  it('a run without losses', () => {
    const kernel = {
      ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)),
      begins: 69,
      ends: 70,
      paired: 69,
      endWithoutBegin: 1,
    };
    kernel.emitted = 60;
    kernel.filteredPid = 9;
    const source = { kernel, received: 60, decoded: 60, malformed: 0, pendingBytes: 0, programMisses: 0 };
    assert.deepEqual(report(source, [sink('table', 60), sink('otlp', 50, { not_sampled: 10 })]), {
      exitCode: EXIT.OK,
      lines: [
        'compactstall: 60 compactions, 0 lost',
        '  begins         69 = 69 paired + 0 open + 0 evicted',
        '  ends           70 = 69 paired + 1 without begin',
        '  paired         69 = 60 emitted + 9 filtered{pid} + 0 dropped',
        '  emitted        60 = 60 received + 0 in ring',
        '  received       60 = 60 decoded + 0 malformed',
        '  decoded        60 = 60 exported by table + 0 dropped + 0 queued',
        '  decoded        60 = 50 exported by otlp + 10 dropped{not_sampled} + 0 queued',
      ],
    });
  });

  it('a run with more compactions than the limit allows: they are not lost', () => {
    const kernel = { ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)), begins: 69, ends: 69, paired: 69, emitted: 60 };
    kernel.filteredRate = 9;
    const notRecorded = { events: 2, compactions: { rate: 9 } };
    const source = { kernel, received: 60, decoded: 60, malformed: 0, pendingBytes: 0, programMisses: 0, notRecorded };
    const { lines, exitCode } = report(source, [sink('otlp', 62)]);
    assert.equal(exitCode, EXIT.OK);
    assert.deepEqual(lines, [
      'compactstall: 60 compactions, 0 lost, 9 not recorded (more than --max-spans-per-second)',
      '  begins         69 = 69 paired + 0 open + 0 evicted',
      '  ends           69 = 69 paired + 0 without begin',
      '  paired         69 = 60 emitted + 9 filtered{rate} + 0 dropped',
      '  filtered        9 = 9 reported in events not_recorded',
      '  emitted        60 = 60 received + 0 in ring',
      '  received       60 = 60 decoded + 0 malformed',
      '  events         62 = 60 decoded + 2 not_recorded',
      '  events         62 = 62 exported by otlp + 0 dropped + 0 queued',
    ]);
  });

  it('a recording with compactions that were lost when it was made: they are not lost again', () => {
    const notRecorded = { events: 3, compactions: { rate: 9, ring_full: 4, skipped: 1 } };
    const { lines, exitCode } = report({ received: 1, decoded: 1, malformed: 0, pendingBytes: 0, notRecorded }, []);
    assert.equal(exitCode, EXIT.OK);
    const [first] = lines;
    const left = '9 not recorded (more than --max-spans-per-second), 5 lost before they were recorded';
    assert.equal(first, `compactstall: 1 compaction, 0 lost, ${left}`);
  });

  it('a run with losses for every reason', () => {
    const source = { received: 5, decoded: 4, malformed: 1, pendingBytes: 0 };
    assert.deepEqual(report(source, [sink('json', 1, { write_enospc: 1, shutdown: 1 }, 1)]), {
      exitCode: EXIT.LOST,
      lines: [
        'compactstall: 4 compactions, 4 lost',
        '  received        5 = 4 decoded + 1 malformed',
        '  decoded         4 = 1 exported by json + 1 dropped{write_enospc} + 1 dropped{shutdown} + 1 queued',
        '  lost            1: a line was malformed',
        '  lost            1: json dropped it: write_enospc',
        '  lost            1: json dropped it: shutdown',
        '  lost            1: json still had it queued',
      ],
    });
  });

  it('books that do not balance show it, as does the exit code', () => {
    const { lines, exitCode } = report({ received: 1, decoded: 1, malformed: 0, pendingBytes: 0 }, [sink('json', 0)]);
    assert.equal(exitCode, EXIT.LOST);
    assert.deepEqual(lines, [
      'compactstall: 1 compaction, 0 lost',
      '  received        1 = 1 decoded + 0 malformed',
      '  decoded         1 = 0 exported by json + 0 dropped + 0 queued   DOES NOT BALANCE',
    ]);
  });

  it('an output that failed before the first event is a failure; lost events matter more', () => {
    const nothing = { received: 0, decoded: 0, malformed: 0, pendingBytes: 0 };
    assert.equal(report(nothing, [sink('table', 0)], true).exitCode, EXIT.FAILURE);
    assert.equal(report({ ...nothing, received: 1, malformed: 1 }, [sink('table', 0)], true).exitCode, EXIT.LOST);
  });

  it('unsent process events are noted, and do not count as lost', () => {
    const kernel = { ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)), processEventsUnsent: 3 };
    const { lines, exitCode } = report({ kernel, received: 0, decoded: 0, malformed: 0, pendingBytes: 0 }, []);
    assert.equal(exitCode, EXIT.OK);
    assert.equal(
      lines.at(-1),
      '  note            3: process events that did not fit in the ring buffer or the table of started processes',
    );
  });

  it('nothing happened', () => {
    const { lines, exitCode } = report({ received: 0, decoded: 0, malformed: 0, pendingBytes: 0 }, []);
    assert.equal(exitCode, EXIT.OK);
    assert.equal(lines[0], 'compactstall: 0 compactions, 0 lost');
  });
});

describe('the books so far', () => {
  it('what waits is not lost yet, and what is under way is no flaw', () => {
    const kernel = { ...decodeKernelBooks(Buffer.alloc(BOOKS_SIZE)), begins: 9, ends: 9, paired: 9, emitted: 9 };
    const source = { kernel, received: 7, decoded: 7, malformed: 0, pendingBytes: 400, programMisses: 0 };
    const sinks = [sink('otlp', 2, { queue_full: 1 }, 3)];
    assert.deepEqual(printed((messages) => reportBooksSoFar(messages, source, sinks)).lines, [
      'compactstall: 7 compactions, 1 lost so far',
      '  begins          9 = 9 paired + 0 open + 0 evicted',
      '  ends            9 = 9 paired + 0 without begin',
      '  paired          9 = 9 emitted + 0 filtered + 0 dropped',
      '  emitted         9 = 7 received + 2 in ring',
      '  received        7 = 7 decoded + 0 malformed',
      '  decoded         7 = 2 exported by otlp + 1 dropped{queue_full} + 3 queued',
      '  lost            1: otlp dropped it: queue_full',
    ]);
  });
});
