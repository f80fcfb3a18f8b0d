// SPDX-License-Identifier: Apache-2.0
// --log-format and --log-level, by the built commands.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MESSAGES } from '../../../src/messages/table.ts';
import { runToEnd } from '../../support/agent.ts';
import { fixture, temporaryFolder } from '../fixtures.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const replay = (...args: string[]) => runToEnd(['replay', RECORDING, '--output', 'none', ...args]);

/** A recording whose first line is no event. */
function damaged(t: TestContext): string {
  const path = temporaryFolder(t)('damaged.jsonl');
  writeFileSync(path, 'not an event\n');
  return path;
}

/** Every line of standard error has the four keys that all messages have. */
function messagesIn(stderr: string): Record<string, unknown>[] {
  const lines = stderr.split('\n');
  assert.equal(lines.pop(), '');
  return lines.map((line) => {
    const { time, level, code, message, ...fields } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Object.hasOwn(MESSAGES, code), code);
    return { level, code, message, ...fields };
  });
}

describe('--log-format json', () => {
  it('a run: the summary and the books are values', async () => {
    const { code, stderr } = await replay('--log-format', 'json', '--summary');
    const [summary, books, ...others] = messagesIn(stderr) as [never, never];
    assert.deepEqual(others, []);
    const { code: first, all } = summary as { code: string; all: { count: number } };
    const { lost, books: written, ...rest } = books as { lost: number; books: { v: number; compactions: number } };
    assert.deepEqual({ first, code, lost, v: written.v }, { first: 'summary', code: 0, lost: 0, v: 1 });
    assert.equal(all.count, written.compactions);
    assert.deepEqual(rest, {
      level: 'info',
      code: 'books',
      message: `${all.count} compactions, 0 lost`,
      compactions: all.count,
      noun: 'compactions',
      more: '',
    });
  });

  it('a warning has its values apart; lost events make the books an error', async (t) => {
    const file = damaged(t);
    const { code, stderr } = await runToEnd(['replay', file, '--output', 'none', '--log-format', 'json']);
    assert.equal(code, 4);
    const [malformed, books] = messagesIn(stderr);
    assert.equal(malformed!.message, `${file}:1: ${malformed!.reason}; line skipped.`);
    assert.deepEqual([malformed!.level, malformed!.code, malformed!.line], ['error', 'line_malformed', 1]);
    assert.deepEqual([books!.level, books!.code, books!.lost], ['error', 'books', 1]);
  });

  for (const [what, args, expected] of [
    ['a wrong option', ['--nonsense', '--log-format', 'json'], 'wrong_option'],
    ['a file that is not there', ['replay', '/no/such', '--log-format=json'], 'recording_unreadable'],
    [
      'an option that quotes a line of its own',
      ['--log-format', 'json', '--pid', '1\n{"level":"info"}'],
      'wrong_option',
    ],
  ] as const) {
    it(`${what} is a line of JSON too`, async () => {
      const { stderr } = await runToEnd([...args]);
      const [message, ...others] = messagesIn(stderr);
      assert.deepEqual([message!.level, message!.code, others.length], ['error', expected, 0]);
    });
  }

  it('a configuration file can ask for it, and may be what is wrong', async (t) => {
    const path = temporaryFolder(t)('agent.yaml');
    const own = (key: string) =>
      `file_format: "1.0"\ninstrumentation/development:\n  js:\n    compactstall:\n      ${key}\n`;
    writeFileSync(path, own('log_format: json'));
    const { stderr } = await replay('--config', path);
    assert.deepEqual(
      messagesIn(stderr).map(({ code }) => code),
      ['books'],
    );
    writeFileSync(path, own('log_format: xml\n      log_level: loud'));
    const wrong = await replay('--config', path, '--log-format', 'json');
    const [message, ...others] = messagesIn(wrong.stderr);
    assert.deepEqual([message!.code, others.length], ['wrong_configuration', 0]);
    assert.match(`${message!.message}\n${message!.detail}`, /:5:\d+: .*xml.*\n.*:6:\d+: .*loud/);
  });
});

describe('--log-level', () => {
  it('error: a run that loses nothing says nothing', async () => {
    assert.equal((await replay('--log-level', 'error', '--summary')).stderr, '');
  });

  it('error: what is lost is said', async (t) => {
    const { stderr } = await runToEnd(['replay', damaged(t), '--output', 'none', '--log-level', 'error']);
    assert.match(stderr, /^compactstall: .*; line skipped\.\ncompactstall: 0 compactions, 1 lost\n/);
  });

  it('without it, and with info: the same', async () => {
    const { stderr } = await replay();
    assert.match(stderr, /^compactstall: \d+ compactions, 0 lost\n/);
    assert.equal((await replay('--log-level', 'info')).stderr, stderr);
  });

  it('is more than --verbose says', async () => {
    assert.equal((await replay('--verbose', '--log-level', 'warn')).stderr, '');
  });
});
