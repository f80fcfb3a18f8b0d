// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { describe, it } from 'node:test';
import {
  parseChoice,
  parseFileSize,
  parseKept,
  parseOutput,
  parsePid,
  parseProcfs,
  parseRate,
  parseRingSize,
  parseSeconds,
  parseShare,
  parseTriggers,
} from '../../../src/cli/values.ts';
import { parseDuration } from '../../../src/durations.ts';
import { EXIT, UserError } from '../../../src/errors.ts';

interface Case<T> {
  option: string;
  parse: (text: string, option: string) => T;
  good: [text: string, value: T][];
  bad: string[];
  /** The text of the error after the option and the value. */
  expected: string;
}

function check<T>({ option, parse, good, bad, expected }: Case<T>): void {
  describe(option, () => {
    for (const [text, value] of good) it(`takes ${text}`, () => assert.deepEqual(parse(text, option), value));
    for (const text of bad) {
      it(`refuses ${JSON.stringify(text)}`, () => {
        assert.throws(
          () => parse(text, option),
          (error: unknown) => {
            assert.ok(error instanceof UserError);
            assert.equal(error.message, `${option} ${text}: ${expected}`);
            assert.equal(error.exitCode, EXIT.USAGE);
            return true;
          },
        );
      });
    }
  });
}

check({
  option: '--pid',
  parse: parsePid,
  good: [
    ['1', 1],
    ['181', 181],
    ['4194304', 4194304],
  ],
  bad: ['', '0', '-1', '4194305', '1.5', '1e3', '0x10', 'self', ' 1', '99999999999999999999', 'NaN'],
  expected: 'not a process id; expected a number from 1 to 4194304.',
});

describe('--procfs', () => {
  it('takes a proc file system, by its absolute path', () => {
    assert.equal(parseProcfs('/proc/../proc/', '--procfs'), '/proc');
    assert.equal(parseProcfs(relative('.', '/proc'), '--procfs'), '/proc');
  });

  for (const [path, why] of [
    [
      '/nonexistent',
      /^--procfs \/nonexistent: no such file or directory; expected where a proc file system is mounted\.$/,
    ],
    ['/', /^--procfs \/: there is no proc file system\.$/],
  ] as const) {
    it(`refuses ${path}`, () => {
      assert.throws(() => parseProcfs(path, '--procfs'), { exitCode: EXIT.USAGE, message: why });
    });
  }
});

check({
  option: '--duration',
  parse: parseSeconds,
  good: [
    ['10', 10_000],
    ['0.5', 500],
    ['10s', 10_000],
    ['2147483', 2_147_483_000],
  ],
  bad: ['', '0', '0.0', '-1', '2147484', '1m', '10 s', '1e3', '.5', '5.', 's', 'Infinity', '1,5', '1ss'],
  expected: 'expected seconds above 0 and up to 2147483, such as 10 or 0.5.',
});

check<number | 'off'>({
  option: '--stack-budget',
  parse: parseShare,
  good: [
    ['1%', 0.01],
    ['0.5%', 0.005],
    ['0%', 0],
    ['100%', 1],
    ['off', 'off'],
  ],
  bad: ['', '1', '%', '-1%', '101%', '1 %', '1e1%', '.5%', '1%%', 'Infinity%', 'none', 'OFF'],
  expected: 'expected off or a share from 0% to 100%, such as 1% or 0.5%.',
});

check({
  option: '--min-duration',
  parse: parseDuration,
  good: [
    ['500us', 500_000],
    ['10ms', 10_000_000],
    ['1.5ms', 1_500_000],
    ['1s', 1_000_000_000],
    ['7ns', 7],
    ['0ns', 0],
    ['0.1us', 100],
    ['9007199s', 9_007_199_000_000_000],
  ],
  bad: ['', '10', '10 ms', '-1ms', 'ms', '1m', '1h', '1e3us', '9007200s', '1MS', '1.ms'],
  expected: 'expected a number and a unit (ns, us, ms or s), such as 500us or 10ms.',
});

check<number | 'off'>({
  option: '--max-spans-per-second',
  parse: parseRate,
  good: [
    ['1', 1],
    ['200', 200],
    ['1000000', 1_000_000],
    ['off', 'off'],
  ],
  bad: ['', '0', '-1', '1.5', '1000001', '200/s', 'Off', 'none', '1e3', ' 5', 'Infinity'],
  expected: 'expected a whole number from 1 to 1000000, or off.',
});

check({
  option: '--ring-size',
  parse: parseRingSize,
  good: [
    ['4096', 4096],
    ['4K', 4096],
    ['512k', 512 * 1024],
    ['16M', 16 * 1024 * 1024],
    ['1024M', 2 ** 30],
  ],
  bad: ['', '0', '1', '2048', '5000', '3M', '2048M', '1G', '4 K', '-4K', '1.5M', 'M', '4KB'],
  expected: 'expected a power of two from 4K to 1024M, such as 16M.',
});

check({
  option: '--stack',
  parse: parseChoice(['event', 'none']),
  good: [
    ['event', 'event'],
    ['none', 'none'],
  ],
  bad: ['', 'Event', 'nothing', 'event,none'],
  expected: 'expected one of event, none.',
});

check({
  option: '--output',
  parse: parseOutput,
  good: [
    ['table', { kind: 'table' }],
    ['json', { kind: 'json' }],
    ['json:/tmp/a:b.jsonl', { kind: 'json', path: '/tmp/a:b.jsonl' }],
    ['folded:stacks', { kind: 'folded', path: 'stacks' }],
    ['otlp', { kind: 'otlp' }],
    ['none', { kind: 'none' }],
  ],
  bad: ['', 'json:', 'folded', 'folded:', 'JSON', 'csv', 'table:file', 'otlp:http://localhost'],
  expected: 'expected table, json, json:FILE, folded:FILE, perfetto:FILE, otlp-json:FILE, otlp, sdk or none.',
});

describe('--trigger', () => {
  it('takes some of the triggers', () => {
    assert.deepEqual(parseTriggers('direct', '--trigger'), ['direct']);
    assert.deepEqual(parseTriggers('kcompactd,proactive,manual', '--trigger'), ['kcompactd', 'proactive', 'manual']);
  });

  for (const [text, wrong] of [
    ['', ''],
    ['cron', 'cron'],
    ['direct,', ''],
    ['direct, manual', ' manual'],
    ['Direct', 'Direct'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}, and says which`, () => {
      assert.throws(() => parseTriggers(text, '--trigger'), {
        message: `--trigger ${text}: '${wrong}' is not a trigger; expected some of direct, kcompactd, proactive, manual.`,
      });
    });
  }
});

check({
  option: '--rotate-size',
  parse: parseFileSize,
  good: [
    ['1M', 1024 ** 2],
    ['65536', 65536],
    ['100m', 100 * 1024 ** 2],
    ['2G', 2 * 1024 ** 3],
  ],
  bad: ['', '0', '65535', '63K', '-1M', '1.5M', '1MB', '99999999999G'],
  expected: 'expected bytes, at least 64K, such as 100M or 2G.',
});

check({
  option: '--rotate-keep',
  parse: parseKept,
  good: [
    ['1', 1],
    ['1000', 1000],
  ],
  bad: ['', '0', '1001', '-1', '2.5', 'all'],
  expected: 'expected a whole number from 1 to 1000.',
});
