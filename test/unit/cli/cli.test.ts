// SPDX-License-Identifier: Apache-2.0
/** The built commands as a user sees them, as far as they need neither root nor BPF. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, cpSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SNOOP_HELP } from '../../../src/cli/compactsnoop-options.ts';
import { HELP } from '../../../src/cli/compactstall-options.ts';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { tableHeader, tableRows } from '../../../src/sinks/text/table.ts';
import { Agent, type Finished, runToEnd } from '../../support/agent.ts';
import { event, events, fixture, fixtureText, snoopEvents, temporaryFolder } from '../fixtures.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../../package.json', import.meta.url));
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8'));
/** One more than the largest pid of the kernel. */
const NO_SUCH_PID = '4194304';

/** The output of a command that ends at once, which is on one stream only. */
const said = ({ code, stdout, stderr }: Finished) => ({ code, stdout, stderr });
const failed = (code: number, sentence: string) => ({ code, stdout: '', stderr: `${sentence}\n` });
const printed = (stdout: string) => ({ code: 0, stdout, stderr: '' });

describe('--help and --version', () => {
  for (const args of [
    ['--help'],
    ['-h'],
    ['run', '--help'],
    ['replay', '--help'],
    ['doctor', '--help'],
    ['replay', 'file', '-vh'],
    ['-d', '1', '-h'],
  ]) {
    it(`compactstall ${args.join(' ')}`, async () => {
      assert.deepEqual(said(await runToEnd(args)), printed(HELP));
    });
  }

  for (const args of [['--version'], ['-V'], ['run', '-V'], ['replay', '--version'], ['doctor', '-V']]) {
    it(`compactstall ${args.join(' ')}`, async () => {
      assert.deepEqual(said(await runToEnd(args)), printed(`compactstall ${version}\n`));
    });
  }

  for (const flag of ['--help', '-h']) {
    it(`compactsnoop ${flag}`, async () => {
      assert.deepEqual(said(await runToEnd([flag], { command: 'compactsnoop' })), printed(SNOOP_HELP));
    });
  }

  it('need neither the addon nor any other package', (t) => {
    const at = temporaryFolder(t);
    cpSync(DIST, at('dist'), { recursive: true });
    cpSync(PACKAGE, at('package.json'));
    const help = (command: string) =>
      execFileSync(process.execPath, [at('dist', 'bin', command), '--help'], { encoding: 'utf8' });
    assert.equal(help('compactstall.js'), HELP);
    assert.equal(help('compactsnoop.js'), SNOOP_HELP);
  });

  it('into a closed pipe: no stack trace', () => {
    const script = '{ sleep 0.2; "$0" "$1" --help; echo "status $?" >&2; } | true';
    const { stderr } = spawnSync('sh', ['-c', script, process.execPath, `${DIST}/bin/compactstall.js`], {
      encoding: 'utf8',
    });
    assert.equal(stderr, 'status 0\n');
  });
});

describe('wrong usage: exit code 2, and a sentence', () => {
  for (const [args, sentence] of [
    [['--interval', '5'], "unknown option '--interval'. See compactstall --help."],
    [['run', '-x'], "unknown option '-x'. See compactstall --help."],
    [['replay', 'file', '--pid', '1'], "unknown option '--pid'. See compactstall --help."],
    [['--pid', 'abc'], '--pid abc: not a process id; expected a number from 1 to 4194304.'],
    [['-p', '0'], '--pid 0: not a process id; expected a number from 1 to 4194304.'],
    [['-p', NO_SUCH_PID], `--pid ${NO_SUCH_PID}: there is no such process. ps -e lists the processes.`],
    [['-d', 'soon'], '--duration soon: expected seconds above 0 and up to 2147483, such as 10 or 0.5.'],
    [
      ['--min-duration', '10'],
      '--min-duration 10: expected a number and a unit (ns, us, ms or s), such as 500us or 10ms.',
    ],
    [
      ['--trigger', 'cron'],
      "--trigger cron: 'cron' is not a trigger; expected some of direct, kcompactd, proactive, manual.",
    ],
    [['--ring-size', '3M'], '--ring-size 3M: expected a power of two from 4K to 1024M, such as 16M.'],
    [['-o', 'csv'], '--output csv: expected table, json, json:FILE, otlp or none.'],
    [
      ['-o', 'table', '-o', 'json'],
      '--output: only one of table and json can use standard output; send json to a file with json:FILE.',
    ],
    [['-o', 'none', '-o', 'table'], '--output none excludes every other --output.'],
    [['status'], "'status' is not a command; expected run, replay or doctor. See compactstall --help."],
    [['-o', 'json', 'replay', 'file'], 'replay must come first: compactstall replay [options].'],
    [['replay'], 'replay needs a file: compactstall replay FILE, where --output json:FILE has written it.'],
    [['replay', 'a', 'b'], "replay takes one file; unexpected 'b'."],
    [['-d', '1', 'doctor'], 'doctor must come first: compactstall doctor [options].'],
    [['doctor', 'kernel'], "doctor: unexpected 'kernel'. See compactstall --help."],
    [['doctor', '--verbose'], "unknown option '--verbose'. See compactstall --help."],
  ] as const) {
    it(`compactstall ${args.join(' ')}`, async () => {
      assert.deepEqual(said(await runToEnd(args)), failed(2, `compactstall: ${sentence}`));
    });
  }

  for (const [args, sentence] of [
    [['--output', 'json'], "unknown option '--output'. See compactsnoop --help."],
    [['-p', '-'], '--pid -: not a process id; expected a number from 1 to 4194304.'],
    [['-p', NO_SUCH_PID], `--pid ${NO_SUCH_PID}: there is no such process. ps -e lists the processes.`],
    [['-d', '0'], '--duration 0: expected seconds above 0 and up to 2147483, such as 10 or 0.5.'],
    [['181'], "unexpected '181'. See compactsnoop --help."],
  ] as const) {
    it(`compactsnoop ${args.join(' ')}`, async () => {
      const finished = await runToEnd(args, { command: 'compactsnoop' });
      assert.deepEqual(said(finished), failed(2, `compactsnoop: ${sentence}`));
    });
  }
});

describe('replay: unusable files are exit code 1', () => {
  it('a missing recording', async () => {
    assert.deepEqual(
      said(await runToEnd(['replay', '/nonexistent/file'])),
      failed(
        1,
        'compactstall: cannot read /nonexistent/file: no such file or directory. Expected a file written with --output json:FILE.',
      ),
    );
  });

  it('a folder', async (t) => {
    const folder = temporaryFolder(t)();
    const { code, stderr } = await runToEnd(['replay', folder]);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `compactstall: cannot read ${folder}: illegal operation on a directory. Expected a file written with --output json:FILE.\n`,
    );
  });

  it('an output that cannot be written', async () => {
    assert.deepEqual(
      said(await runToEnd(['replay', RECORDING, '--output', 'json:/nonexistent/file'])),
      failed(1, 'compactstall: cannot write /nonexistent/file: no such file or directory. Choose another file.'),
    );
  });
});

describe('replay: the same events through every output', () => {
  const count = snoopEvents().length;
  const books = (name: string) =>
    [
      `compactstall: ${count} compactions, 0 lost`,
      `  received ${String(count).padStart(8)} = ${count} decoded + 0 malformed`,
      `  decoded  ${String(count).padStart(8)} = ${count} exported by ${name} + 0 dropped + 0 queued`,
      '',
    ].join('\n');

  it('table, the default', async () => {
    const style = { color: false, kernelStack: false };
    assert.deepEqual(said(await runToEnd(['replay', RECORDING])), {
      code: 0,
      stdout: tableHeader(style) + snoopEvents().map(tableRows(style)).join(''),
      stderr: books('table'),
    });
  });

  it('table with stacks', async () => {
    const style = { color: false, kernelStack: true };
    const { stdout } = await runToEnd(['replay', '-K', RECORDING]);
    assert.equal(stdout, tableHeader(style) + snoopEvents().map(tableRows(style)).join(''));
  });

  it('json: the lines of the recording, byte for byte', async () => {
    assert.deepEqual(said(await runToEnd(['replay', RECORDING, '-o', 'json'])), {
      code: 0,
      stdout: fixtureText('snoop/events.jsonl'),
      stderr: books('json'),
    });
  });

  it('json:FILE appends: a recording of a recording, twice', async (t) => {
    const copy = temporaryFolder(t)('copy.jsonl');
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await runToEnd(['replay', RECORDING, '--output', `json:${copy}`]);
      assert.deepEqual([code, stdout], [0, '']);
    }
    assert.equal(readFileSync(copy, 'utf8'), fixtureText('snoop/events.jsonl').repeat(2));
  });

  it('two outputs at once, each with its books', async (t) => {
    const copy = temporaryFolder(t)('copy.jsonl');
    const { code, stdout, stderr } = await runToEnd(['replay', RECORDING, '-o', 'table', '-o', `json:${copy}`]);
    assert.equal(code, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 1 + count);
    assert.equal(readFileSync(copy, 'utf8'), fixtureText('snoop/events.jsonl'));
    assert.match(stderr, /exported by table .*\n.*exported by json /);
  });

  it('none: read, checked and counted', async () => {
    const { code, stdout, stderr } = await runToEnd(['replay', RECORDING, '-o', 'none']);
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, new RegExp(`^compactstall: ${count} compactions, 0 lost\n`));
  });

  it('from a pipe', () => {
    const script = 'cat "$2" | "$0" "$1" replay /dev/stdin -o json';
    const { status, stdout } = spawnSync(
      'sh',
      ['-c', script, process.execPath, `${DIST}/bin/compactstall.js`, RECORDING],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0);
    assert.equal(stdout, fixtureText('snoop/events.jsonl'));
  });
});

describe('replay: failures on the way', () => {
  it('malformed lines are reported and counted, and make exit code 4; the rest goes on', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    const [first, second] = events(2).map(jsonLine);
    writeFileSync(path, `${first}{"v":1}\nbroken\n${second}`);
    const { code, stdout, stderr } = await runToEnd(['replay', path, '-o', 'json']);
    assert.equal(code, 4);
    assert.equal(stdout, `${first}${second}`);
    const lines = stderr.split('\n');
    assert.equal(
      lines[0],
      `compactstall: ${path}:2: startUnixNano: expected a string of digits, got nothing; line skipped.`,
    );
    assert.ok(lines[1]!.startsWith(`compactstall: ${path}:3: not JSON (`), lines[1]);
    assert.equal(lines[2], 'compactstall: 2 compactions, 2 lost');
    assert.match(stderr, /^ {2}received +4 = 2 decoded \+ 2 malformed$/m);
    assert.match(stderr, /^ {2}lost +2: a line was malformed$/m);
  });

  it('a full disk: reported once, and a failure, even if it is full before the first event', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    writeFileSync(path, events(5000).map(jsonLine).join(''));
    for (const [output, code] of [
      ['table', 1],
      ['json', 4],
    ] as const) {
      const finished = await runToEnd(['replay', path, '-o', output], { stdout: openSync('/dev/full', 'w') });
      assert.equal(finished.code, code, finished.stderr);
      const warnings = finished.stderr.match(/cannot write to standard output: no space left on device\./g);
      assert.equal(warnings?.length, 1);
      assert.doesNotMatch(finished.stderr, /DOES NOT BALANCE/);
      if (code === 4) assert.match(finished.stderr, /lost +\d+: json dropped it: write_enospc/);
    }
  });

  it('| head -n 1: ends by itself, without a message, and nothing counts as lost', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    // Much more than a pipe holds, so the writer must notice.
    writeFileSync(path, events(20_000, { stack: [] }).map(jsonLine).join(''));
    const head = spawn('head', ['-n', '1'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const script = `"$0" "$1" replay "$2" -o json; echo "status $?" >&2`;
    const shell = spawn('sh', ['-c', script, process.execPath, `${DIST}/bin/compactstall.js`, path], {
      stdio: ['ignore', head.stdin, 'pipe'],
    });
    head.stdin.destroy();
    let [stdout, stderr] = ['', ''];
    head.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    shell.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    await Promise.all([once(head, 'close'), once(shell, 'close')]);
    assert.equal(stdout, jsonLine(event(0, { stack: [] })));
    assert.match(stderr, /^compactstall: \d+ compactions, 0 lost\n/);
    assert.match(stderr, /dropped\{closed\}/);
    assert.match(stderr, /\nstatus 0\n$/);
    assert.doesNotMatch(stderr, /EPIPE|DOES NOT BALANCE|\n +at /);
  });

  it('a reader that never reads: a signal ends it at once, while it waits', async (t) => {
    const at = temporaryFolder(t);
    execFileSync('mkfifo', [at('out')]);
    writeFileSync(at('recording.jsonl'), events(2000).map(jsonLine).join(''));
    // Both ends are open, so that the pipe has a reader, which does not read.
    const out = openSync(at('out'), constants.O_RDWR);
    const agent = new Agent(['replay', at('recording.jsonl'), '-o', 'json'], { stdout: out });
    await agent.until(() => agent.stderr.includes('Ctrl-C again to stop at once'));
    const { code } = await agent.stop('SIGINT');
    closeSync(out);
    assert.equal(code, 130);
  });

  it('json:FILE of a pipe that nobody reads is refused, not waited for', async (t) => {
    const path = temporaryFolder(t)('fifo');
    execFileSync('mkfifo', [path]);
    assert.deepEqual(
      said(await runToEnd(['replay', RECORDING, '-o', `json:${path}`])),
      failed(1, `compactstall: cannot write ${path}: no such device or address. Choose another file.`),
    );
  });
});
