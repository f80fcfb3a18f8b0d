// SPDX-License-Identifier: Apache-2.0
/** `compactstall report` as a user sees it, without a browser: test/browser/ opens what it writes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../../src/errors.ts';
import type { ReportData } from '../../../src/report/data.ts';
import { Agent, runToEnd } from '../../support/agent.ts';
import { fixture, fixtureText, snoopEvents, temporaryFolder } from '../fixtures.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const COMMAND = fileURLToPath(new URL('../../../dist/bin/compactstall.js', import.meta.url));
const count = snoopEvents().length;

const dataIn = (html: string): ReportData =>
  JSON.parse(/<script type="application\/json" id="data">(.*)<\/script>/.exec(html)![1]!);

describe('report of a recording', () => {
  it('on standard output, with the books beside it', async () => {
    const { code, stdout, stderr } = await runToEnd(['report', RECORDING]);
    assert.equal(code, EXIT.OK);
    assert.equal(
      stderr,
      `compactstall: ${count} compactions, 0 lost\n  received       ${count} = ${count} decoded + 0 malformed\n`,
    );
    assert.match(stdout, /^<!doctype html>\n[\s\S]*<\/html>\n$/);
    const { recording, all, filters, stalls } = dataIn(stdout);
    assert.deepEqual([recording, all.count, filters, stalls.length], ['events.jsonl', count, [], count]);
  });

  it('in a file, which is emptied before', async (t) => {
    const file = temporaryFolder(t)('report.html');
    writeFileSync(file, 'x'.repeat(1_000_000));
    const { code, stdout } = await runToEnd(['report', RECORDING, '-o', file]);
    assert.deepEqual([code, stdout], [EXIT.OK, '']);
    assert.equal(readFileSync(file, 'utf8'), (await runToEnd(['report', RECORDING])).stdout);
  });

  it('of standard input', () => {
    const stdout = execFileSync(process.execPath, [COMMAND, 'report', '-'], {
      input: fixtureText('snoop/events.jsonl'),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const { recording, all } = dataIn(stdout);
    assert.deepEqual([recording, all.count], ['standard input', count]);
  });

  it('of what the filters select, which it says', async () => {
    const { stdout } = await runToEnd(['report', RECORDING, '--trigger', 'kcompactd']);
    const { all, filters, books } = dataIn(stdout);
    assert.deepEqual([all.count, filters], [1, ['--trigger kcompactd']]);
    assert.ok(books.equations.some(({ terms }) => terms['filtered{trigger}'] === count - 1));
  });

  it('with a malformed line: the page has what is whole and what is lost, and the exit code says so', async (t) => {
    const file = temporaryFolder(t)('recording.jsonl');
    writeFileSync(file, `${fixtureText('snoop/events.jsonl')}no event\n`);
    const { code, stdout } = await runToEnd(['report', file]);
    assert.equal(code, EXIT.LOST);
    const { all, notRecorded } = dataIn(stdout);
    assert.equal(all.count, count);
    assert.deepEqual(
      notRecorded.map(({ reason, count }) => [reason, count]),
      [['malformed', 1]],
    );
  });

  it('that a signal ends early: what is missing is said, here and on the page', async (t) => {
    const at = temporaryFolder(t);
    writeFileSync(at('recording.jsonl'), fixtureText('snoop/events.jsonl').repeat(2000));
    const agent = new Agent(['report', at('recording.jsonl'), '-o', at('report.html')]);
    // It has begun to read when the file is there.
    while (!existsSync(at('report.html'))) await sleep(5);
    await sleep(100);
    const { code, stderr } = await agent.stop('SIGINT');
    assert.equal(code, EXIT.FAILURE, stderr);
    assert.match(stderr, /recording\.jsonl was not read to its end, because a signal came first/);
    const { isPart, all } = dataIn(readFileSync(at('report.html'), 'utf8'));
    assert.ok(isPart && all.count < 2000 * count, String(all.count));
  });

  it('of a pipe: Ctrl-C is for its writer, whose last lines are wanted', async (t) => {
    const at = temporaryFolder(t);
    execFileSync('mkfifo', [at('pipe')]);
    const agent = new Agent(['report', at('pipe'), '-o', at('report.html')]);
    const writer = createWriteStream(at('pipe'));
    const written = (text: string) => new Promise((resolve) => writer.write(text, resolve));
    await written(fixtureText('snoop/events.jsonl'));
    await sleep(300);
    agent.child.kill('SIGINT');
    await sleep(300);
    await written(fixtureText('snoop/events.jsonl'));
    writer.end();
    const { code, stderr } = await agent.finished;
    assert.equal(code, EXIT.OK, stderr);
    const { isPart, all } = dataIn(readFileSync(at('report.html'), 'utf8'));
    assert.deepEqual([isPart, all.count], [undefined, 2 * count]);
  });

  it('not on a terminal, and not over the recording', async (t) => {
    const { stdout, status } = spawnSync(
      'script',
      ['-qec', `'${process.execPath}' '${COMMAND}' report '${RECORDING}'`, '/dev/null'],
      { encoding: 'utf8' },
    );
    assert.equal(status, EXIT.USAGE);
    assert.match(
      stdout,
      /^compactstall: report writes HTML, and standard output is a terminal\. Name a file for it: .* -o report\.html\r\n$/,
    );
    const file = temporaryFolder(t)('recording.jsonl');
    writeFileSync(file, fixtureText('snoop/events.jsonl'));
    const { code, stderr } = await runToEnd(['report', file, '-o', file]);
    assert.equal(code, EXIT.USAGE);
    assert.match(stderr, /^compactstall: --output-file: .* is the recording, or an output\. Choose another file\.\n$/);
    assert.equal(readFileSync(file, 'utf8'), fixtureText('snoop/events.jsonl'));
  });
});
