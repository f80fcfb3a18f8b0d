// SPDX-License-Identifier: Apache-2.0
// What a running agent does at SIGUSR2 and SIGHUP, and how it rotates its files.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bpfObjectsLeft, COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { exportedBy, readBooks } from '../support/books.ts';
import { NOBODY, proberOf } from '../support/rights.ts';
import { setUp } from '../support/shell.ts';
import { storm } from '../support/storm.ts';
import { temporaryFolder } from '../unit/fixtures.ts';

const COMPACTSTALL = fileURLToPath(new URL('../../dist/bin/compactstall.js', import.meta.url));
const DEPLOY = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** As a service: with a terminal, SIGHUP means that it was closed. */
const WITHOUT_TERMINAL = ['setsid'];

/** A folder in which the agent may make files, as the user that it becomes. */
function folderOfNobody(t: TestContext): (...names: string[]) => string {
  const at = temporaryFolder(t);
  chmodSync(at(), 0o755);
  chownSync(at(), NOBODY, NOBODY);
  return at;
}

/** An agent that records into a file, with its books. */
function recorder(recording: string, books: string, ...words: string[]): Promise<Agent> {
  const args = ['-o', `json:${recording}`, '--books', books, '--trigger', 'manual', '--max-spans-per-second', 'off'];
  return new Agent([...args, ...words], { under: WITHOUT_TERMINAL }).attached();
}

/** The number of times that it has begun a new file. */
const newFiles = ({ stderr }: Agent) => stderr.match(/from here on events go to a new /g)?.length ?? 0;

/** Asserts that the files together have whole lines only, each once. @returns their number */
function wholeLines(paths: readonly string[]): number {
  const ids = new Set<string>();
  let lines = 0;
  for (const path of paths) {
    const text = readFileSync(path, 'utf8');
    assert.ok(text === '' || text.endsWith('\n'), path);
    for (const { spanId } of parseLines(text)) {
      ids.add(spanId);
      lines += 1;
    }
  }
  assert.equal(ids.size, lines);
  return lines;
}

describe('SIGUSR2', () => {
  it('prints the books so far, each time, and does not end the prober', async (t) => {
    const { agent, service } = await setUp(t);
    assert.equal(await service(), 'shop');
    const { supervisor, prober } = await proberOf(agent);
    for (const times of [1, 2]) {
      // A service manager signals all processes of a service.
      for (const pid of [prober, supervisor, agent.pid]) process.kill(pid, 'SIGUSR2');
      await agent.until(() => agent.stderr.match(/^compactstall: \d+ compactions, 0 lost so far$/gm)?.length === times);
    }
    assert.match(agent.stderr, / so far\n {2}begins +\d+ = /);
    assert.doesNotMatch(agent.stderr, /DOES NOT BALANCE/);
    assert.equal(await service(), 'shop');
    assert.deepEqual(await proberOf(agent), { supervisor, prober });
  });

  it('of compactsnoop, too', async () => {
    const snoop = await new Agent([], { command: 'compactsnoop' }).attached();
    compact(COMPACT_NODE0, 1);
    await snoop.until(() => snoop.stdout.split('\n').length > ZONES);
    snoop.child.kill('SIGUSR2');
    await snoop.until(() => /^compactsnoop: \d+ compactions, 0 lost so far$/m.test(snoop.stderr));
    assert.equal((await snoop.stop()).code, 0);
  });
});

describe('SIGHUP', () => {
  it('opens a file again that was renamed, while compactions go on: no line is lost or torn', async (t) => {
    const at = folderOfNobody(t);
    const books = temporaryFolder(t)('books.json');
    const agent = await recorder(at('recording'), books);
    let storming = true;
    const storms = (async () => {
      while (storming) await storm(2, 20);
    })();
    for (let i = 1; i <= 30; i++) {
      const size = () => statSync(at('recording')).size;
      while (size() === 0) await sleep(1);
      renameSync(at('recording'), at(`old.${i}`));
      agent.child.kill('SIGHUP');
      await agent.until(() => newFiles(agent) === i);
    }
    storming = false;
    await storms;
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const files = readdirSync(at());
    assert.equal(files.length, 31);
    const lines = wholeLines(files.map((name) => at(name)));
    const report = readBooks(books);
    assert.equal(exportedBy(`json:${at('recording')}`, report), lines);
    assert.deepEqual([report.compactions, report.lost], [lines, {}]);
    assert.equal(statSync(at('recording')).uid, NOBODY);
    assert.equal(statSync(at('recording')).mode & 0o777, 0o644);
  });

  it('where the agent may make no file, the old one is written on, and nothing is lost', async (t) => {
    const at = temporaryFolder(t);
    chmodSync(at(), 0o755);
    const agent = await recorder(at('recording'), at('books'));
    t.after(() => agent.stop());
    compact(COMPACT_NODE0, 2);
    agent.child.kill('SIGHUP');
    await agent.until(() => agent.stderr.includes('recording is still the same file; rename it before SIGHUP.'));
    renameSync(at('recording'), at('old'));
    agent.child.kill('SIGHUP');
    await agent.until(() =>
      /cannot open a new \S+recording: permission denied\. Events go on to the old/.test(agent.stderr),
    );
    compact(COMPACT_NODE0, 3);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.ok(!existsSync(at('recording')));
    assert.equal(wholeLines([at('old')]), 5 * ZONES);
    assert.equal(exportedBy(`json:${at('recording')}`, readBooks(at('books'))), 5 * ZONES);
  });

  it('logrotate with the configuration of docs/deploy.md', async (t) => {
    const at = folderOfNobody(t);
    const agent = await recorder(at('stalls.jsonl'), temporaryFolder(t)('books'));
    const documented = /```\n(\/var\/log\/compactstall\/stalls\.jsonl \{\n[^`]*)```/.exec(DEPLOY)![1]!;
    const own = documented
      .replace('/var/log/compactstall/stalls.jsonl', at('stalls.jsonl'))
      .replace(/systemctl reload .*/, `kill -HUP ${agent.pid}`);
    assert.notEqual(own, documented);
    const settings = temporaryFolder(t);
    writeFileSync(settings('conf'), own, { mode: 0o644 });
    for (let i = 1; i <= 3; i++) {
      compact(COMPACT_NODE0, i);
      while (statSync(at('stalls.jsonl')).size === 0) await sleep(10);
      execFileSync('/usr/sbin/logrotate', ['--force', '--state', settings('state'), settings('conf')]);
      await agent.until(() => newFiles(agent) === i);
    }
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const names = readdirSync(at()).sort();
    assert.deepEqual(names, ['stalls.jsonl', 'stalls.jsonl.1', 'stalls.jsonl.2.gz', 'stalls.jsonl.3.gz']);
    for (const name of names.filter((name) => name.endsWith('.gz'))) execFileSync('gunzip', [at(name)]);
    assert.equal(wholeLines(readdirSync(at()).map((name) => at(name))), 6 * ZONES);
  });

  it('from a terminal that is closed ends the agent, also with a file', async (t) => {
    const at = temporaryFolder(t);
    const command = `${process.execPath} ${COMPACTSTALL} -o json:${at('recording')} --books ${at('books')}`;
    const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    await new Promise<void>((resolve) => {
      terminal.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (said.includes('attached (')) resolve();
      });
    });
    terminal.kill('SIGKILL');
    await once(terminal, 'close');
    assert.deepEqual(await bpfObjectsLeft(), []);
    while (!existsSync(at('books')) || statSync(at('books')).size === 0) await sleep(10);
    assert.deepEqual(readBooks(at('books')).lost, {});
  });
});

describe('--rotate-size', () => {
  it('rotates while compactions go on, as the user that the agent has become: no line is lost or torn', async (t) => {
    const at = folderOfNobody(t);
    const books = temporaryFolder(t)('books.json');
    const agent = await recorder(at('recording'), books, '--rotate-size', '64K', '--rotate-keep', '1000');
    while (!existsSync(at('recording.10'))) await storm(2, 20);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const paths = readdirSync(at()).map((name) => at(name));
    const lines = wholeLines(paths);
    const report = readBooks(books);
    assert.equal(exportedBy(`json:${at('recording')}`, report), lines);
    assert.deepEqual(report.lost, {});
  });

  it('a folder in which the agent may not rename is refused at the start', async (t) => {
    for (const [mode, why] of [
      [0o755, 'permission denied'],
      // Like /tmp.
      [0o1777, 'only its owner may rename this file there'],
    ] as const) {
      const at = temporaryFolder(t);
      chmodSync(at(), mode);
      const path = at('recording');
      const { code, stderr } = await runToEnd(['-o', `json:${path}`, '--rotate-size', '1M']);
      assert.deepEqual(
        { code, stderr },
        {
          code: 1,
          stderr: `compactstall: cannot rotate ${path} in ${at()}: ${why}. Give the folder to the agent's user (nobody, or --user), or let logrotate do it.\n`,
        },
      );
    }
    assert.deepEqual(await bpfObjectsLeft(), []);
  });
});
