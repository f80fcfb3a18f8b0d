// SPDX-License-Identifier: Apache-2.0
/** The built commands as a user sees them, as far as they need neither root nor BPF. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  cpSync,
  createWriteStream,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { COMMANDS, HELP, helpOf } from '../../../src/cli/commands.ts';
import { SNOOP_HELP } from '../../../src/cli/compactsnoop-options.ts';
import { EXIT } from '../../../src/errors.ts';
import { Summary, type SummaryReport } from '../../../src/event/summary.ts';
import { jsonLine } from '../../../src/sinks/text/json.ts';
import { summaryTable } from '../../../src/sinks/text/summary-table.ts';
import { tableHeader, tableRows } from '../../../src/sinks/text/table.ts';
import { Agent, type Finished, runToEnd } from '../../support/agent.ts';
import { event, events, fixture, fixtureText, snoopEvents, temporaryFolder } from '../fixtures.ts';
import { OK, startGrpcServer } from '../sinks/otlp/grpc-server.ts';

const RECORDING = fileURLToPath(fixture('snoop/events.jsonl'));
/** Back to the begin of a terminal's line, which is emptied. */
const ERASE = '\r\x1b[K';
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
  for (const args of [['--help'], ['-h'], ['run', '--help'], ['-d', '1', '-h']]) {
    it(`compactstall ${args.join(' ')}`, async () => {
      assert.deepEqual(said(await runToEnd(args)), printed(HELP));
    });
  }

  for (const [args, command] of [
    ...COMMANDS.map(({ name }) => [[name, '--help'], name] as const),
    [['replay', 'file', '-vh'], 'replay'],
  ] as const) {
    it(`compactstall ${args.join(' ')}`, async () => {
      assert.deepEqual(said(await runToEnd(args)), printed(helpOf(command)));
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
    [['--min-duraton', '1ms'], "unknown option '--min-duraton'; did you mean --min-duration? See compactstall --help."],
    [['replay', 'file', '--verify'], "unknown option '--verify'. See compactstall replay --help."],
    [['summary', 'file', '--output', 'json'], "unknown option '--output'. See compactstall summary --help."],
    [['report'], 'report needs a file: compactstall report FILE, where --output json:FILE has written it.'],
    [
      ['report', 'a', '--trace-url', 'ftp://host/{traceId}'],
      '--trace-url ftp://host/{traceId}: it is not an http or https address; expected an address with {traceId}, and some of {traceId}, {spanId}, {startMs}, {endMs}.',
    ],
    [['correlate', '-', '--jaeger', 'x'], '--jaeger: expected a URL such as http://127.0.0.1:16686.'],
    [
      ['correlate', '-', '--jaeger', 'http://me:secret@127.0.0.1:16686'],
      '--jaeger: expected a URL without a user and a password, such as http://127.0.0.1:16686.',
    ],
    [['summary'], 'summary needs a file: compactstall summary FILE, where --output json:FILE has written it.'],
    [['summary', 'a', 'b'], "summary takes one file; unexpected 'b'."],
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
    [
      ['-o', 'csv'],
      '--output csv: expected table, json, json:FILE, folded:FILE, perfetto:FILE, otlp-json:FILE, otlp, sdk or none.',
    ],
    [
      ['-o', 'table', '-o', 'json'],
      '--output: only one of table and json can use standard output; send json to a file with json:FILE.',
    ],
    [['-o', 'otlp', '-o', 'sdk'], '--output: otlp and sdk would send each span twice; give one of them.'],
    [['-o', 'none', '-o', 'table'], '--output none excludes every other --output.'],
    [
      ['trace'],
      "'trace' is not a command; expected one of run, replay, summary, report, correlate, doctor, config, status, spool, unpin. See compactstall --help.",
    ],
    [['stats'], "'stats' is not a command; did you mean status? See compactstall --help."],
    [['-o', 'json', 'replay', 'file'], 'replay must come first: compactstall replay [options].'],
    [['replay'], 'replay needs a file: compactstall replay FILE, where --output json:FILE has written it.'],
    [['replay', 'a', 'b'], "replay takes one file; unexpected 'b'."],
    [['-d', '1', 'doctor'], 'doctor must come first: compactstall doctor [options].'],
    [['status'], 'status needs the path that the agent was given: compactstall status --status-socket PATH.'],
    [
      ['--trace-url', 'http://host/{traceId}'],
      '--trace-url is for the page of a running agent: add --live. For that of a recording, use compactstall report.',
    ],
    [['unpin'], 'unpin needs the folder that the agent was given: compactstall unpin DIR.'],
    [['unpin', '/one', '/two'], 'unpin needs the folder that the agent was given: compactstall unpin DIR.'],
    [['status', 'now'], "status: unexpected 'now'. See compactstall status --help."],
    [['doctor', 'kernel'], "doctor: unexpected 'kernel'. See compactstall doctor --help."],
    [['doctor', '--verbose'], "unknown option '--verbose'. See compactstall doctor --help."],
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
      `compactstall: cannot read ${folder}: it is a folder. Expected a file written with --output json:FILE.\n`,
    );
  });

  it('an output that cannot be written', async () => {
    assert.deepEqual(
      said(await runToEnd(['replay', RECORDING, '--output', 'json:/nonexistent/file'])),
      failed(1, 'compactstall: cannot write /nonexistent/file: no such file or directory. Choose another file.'),
    );
  });
});

it('what a command prints cannot be written: a failure, with the reason', async () => {
  for (const args of [['--help'], ['doctor', '--version'], ['summary', RECORDING], ['report', RECORDING]]) {
    const { code, stderr } = await runToEnd(args, { stdout: openSync('/dev/full', 'w') });
    assert.deepEqual(
      [code, stderr],
      [1, 'compactstall: cannot write standard output: no space left on device. Choose another file.\n'],
      args[0],
    );
  }
});

describe('summary of a recording', () => {
  const report = () => {
    const summary = new Summary();
    summary.add(snoopEvents());
    return summary.report();
  };
  const count = snoopEvents().length;

  it('as a table on standard output, with the books beside it', async () => {
    assert.deepEqual(said(await runToEnd(['summary', RECORDING])), {
      code: 0,
      stdout: `${summaryTable(report())}\n`,
      stderr: `compactstall: ${count} compactions, 0 lost\n  received       ${count} = ${count} decoded + 0 malformed\n`,
    });
  });

  it('as JSON', async () => {
    const { code, stdout } = await runToEnd(['summary', '--json', RECORDING]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), report());
  });

  it('of what the filters select', async () => {
    const { stdout, stderr } = await runToEnd(['summary', '--json', '--trigger', 'kcompactd', RECORDING]);
    const { all, rows } = JSON.parse(stdout) as SummaryReport;
    assert.deepEqual([all.count, rows.map(({ trigger }) => trigger)], [1, ['kcompactd']]);
    assert.match(stderr, new RegExp(`\n {2}decoded {8}${count} = 1 selected \\+ ${count - 1} filtered\\{trigger\\}\n`));
  });

  it('after a replay, on standard error', async () => {
    const { stdout, stderr } = await runToEnd(['replay', '--summary', '-o', 'none', RECORDING]);
    assert.equal(stdout, '');
    assert.ok(stderr.startsWith(`${summaryTable(report())}\ncompactstall: ${count} compactions, 0 lost\n`), stderr);
  });

  it('with a malformed line: what is whole counts, and the exit code says that some is missing', async (t) => {
    const file = temporaryFolder(t)('recording.jsonl');
    writeFileSync(file, `${fixtureText('snoop/events.jsonl')}no event\n`);
    const { code, stdout } = await runToEnd(['summary', file]);
    assert.equal(code, EXIT.LOST);
    assert.equal(stdout, `${summaryTable({ ...report(), lost: 1 })}\n`);
  });
});

describe('--books FILE', () => {
  it('has the books as JSON', async (t) => {
    const file = temporaryFolder(t)('books.json');
    writeFileSync(file, 'x'.repeat(10_000));
    const { code } = await runToEnd(['replay', '--books', file, '-o', 'none', '--trigger', 'kcompactd', RECORDING]);
    assert.equal(code, 0);
    const count = snoopEvents().length;
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
      v: 1,
      compactions: count,
      notRecorded: 0,
      lost: {},
      balances: true,
      equations: [
        { name: 'received', total: count, terms: { decoded: count, malformed: 0 } },
        { name: 'decoded', total: count, terms: { selected: 1, 'filtered{trigger}': count - 1 } },
      ],
    });
  });

  it('has what was lost', async (t) => {
    const at = temporaryFolder(t);
    writeFileSync(at('recording.jsonl'), 'no event\n');
    const { code } = await runToEnd(['replay', '--books', at('books.json'), '-o', 'none', at('recording.jsonl')]);
    assert.equal(code, EXIT.LOST);
    assert.deepEqual(JSON.parse(readFileSync(at('books.json'), 'utf8')).lost, { 'a line was malformed': 1 });
  });

  it('never empties the recording, or an output', async (t) => {
    const at = temporaryFolder(t);
    cpSync(RECORDING, at('recording.jsonl'));
    for (const [output, file] of [
      ['none', 'recording.jsonl'],
      [`json:${at('copy.jsonl')}`, 'copy.jsonl'],
    ] as const) {
      const finished = await runToEnd(['replay', '--books', at(file), '-o', output, at('recording.jsonl')]);
      const sentence = `--books: ${at(file)} is the recording, or an output. Choose another file.`;
      assert.deepEqual(said(finished), failed(2, `compactstall: ${sentence}`));
    }
    assert.equal(readFileSync(at('recording.jsonl'), 'utf8'), fixtureText('snoop/events.jsonl'));
  });

  it('that cannot be written ends the command before it begins', async () => {
    assert.deepEqual(
      said(await runToEnd(['replay', RECORDING, '--books', '/nonexistent/books'])),
      failed(1, 'compactstall: cannot write /nonexistent/books: no such file or directory. Choose another file.'),
    );
  });

  it('on a full disk: an error, after the books were printed', async () => {
    const { code, stderr } = await runToEnd(['replay', RECORDING, '-o', 'none', '--books', '/dev/full']);
    assert.equal(code, EXIT.FAILURE);
    assert.match(stderr, /\ncompactstall: cannot write the books to \/dev\/full: no space left on device\.\n$/);
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
    assert.match(stderr, /exported by table .*\n.*exported by json:\S+copy.jsonl /);
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

describe('a compressed file', () => {
  for (const [command, words] of [
    ['replay -', (file: string) => ['replay', file]],
    ['summary -', (file: string) => ['summary', file]],
    ['report -', (file: string) => ['report', file]],
    ['correlate -', (file: string) => ['correlate', file, '--otlp-json', RECORDING]],
    ['correlate RECORDING --otlp-json -', (file: string) => ['correlate', RECORDING, '--otlp-json', file]],
  ] as const) {
    it(`is converted for ${command}`, async (t) => {
      const file = temporaryFolder(t)('file.gz');
      writeFileSync(file, gzipSync('{}\n'));
      const { code, stderr } = await runToEnd(words(file));
      assert.equal(code, EXIT.FAILURE);
      const sentence = `cannot read ${file}: it is compressed by gzip. Convert it: zcat FILE | compactstall ${command}\n`;
      assert.ok(stderr.startsWith(`compactstall: ${sentence}`), stderr);
    });
  }

  it('of spans can come from standard input', async () => {
    const zcat = `"${process.execPath}" "${DIST}/bin/compactstall.js" correlate "${RECORDING}" --otlp-json -`;
    const { status, stderr, stdout } = spawnSync('sh', ['-c', zcat], { input: '{}\n', encoding: 'utf8' });
    assert.equal(status, EXIT.OK, stderr);
    assert.match(stdout, /^0 of 0 spans /);
  });
});

describe('correlate, with a file that has no spans', () => {
  const noSpans = (file: string) =>
    `compactstall: ${file} has no spans of applications. Expected OTLP/JSON, one trace request a line, as the file exporter of a Collector writes it.\n`;

  it('such as a recording', async () => {
    const { stderr } = await runToEnd(['correlate', RECORDING, '--otlp-json', RECORDING]);
    assert.ok(stderr.startsWith(noSpans(RECORDING)), stderr);
  });

  it('or a text', async (t) => {
    const file = temporaryFolder(t)('notes');
    writeFileSync(file, '# Notes\n');
    const { stderr } = await runToEnd(['correlate', RECORDING, '--otlp-json', file]);
    const [first, second] = stderr.split(/(?<=\n)/);
    assert.match(first!, /^compactstall: .+\/notes:1: not JSON \(.+\); line skipped\.\n$/);
    assert.equal(second, noSpans(file));
  });
});

describe('status, where no agent answers', () => {
  it('says so in words, and what an agent needs', async (t) => {
    const at = temporaryFolder(t);
    writeFileSync(at('file'), '');
    for (const [path, reason] of [
      [at('none'), 'it does not exist'],
      [at('file'), 'no agent listens there'],
    ] as const) {
      const sentence = `compactstall: cannot ask the agent at ${path}: ${reason}. It has to run with the same --status-socket, as this user or root.`;
      assert.deepEqual(said(await runToEnd(['status', '--status-socket', path])), failed(1, sentence));
    }
  });
});

describe('--rotate-size', () => {
  it('makes several recordings of one, and each can be read', async (t) => {
    const at = temporaryFolder(t);
    writeFileSync(at('recording'), events(3000).map(jsonLine).join(''));
    const args = ['-o', `json:${at('out')}`, '--rotate-size', '1M', '--rotate-keep', '1000'];
    const { code, stderr } = await runToEnd(['replay', at('recording'), ...args]);
    assert.equal(code, 0, stderr);
    const names = readdirSync(at()).filter((name) => name.startsWith('out'));
    assert.ok(names.length > 2);
    let lines = 0;
    for (const name of names) {
      assert.ok(statSync(at(name)).size <= 1024 ** 2);
      const { stdout } = await runToEnd(['summary', '--json', at(name)]);
      lines += (JSON.parse(stdout) as SummaryReport).all.count;
    }
    assert.equal(lines, 3000);
  });

  it('needs a file', async () => {
    assert.deepEqual(
      said(await runToEnd(['replay', RECORDING, '-o', 'json', '--rotate-size', '1M'])),
      failed(2, 'compactstall: --rotate-size: there is no file to rotate; give one with --output json:FILE.'),
    );
  });
});

describe('replay: what is read is never written', () => {
  const two = events(2).map(jsonLine).join('');
  const same = (name: string) =>
    failed(2, `compactstall: --output: ${name} is the recording that is read. Choose another file.`);

  for (const [what, link] of [
    ['by its own name', undefined],
    ['by a symbolic link', symlinkSync],
    ['by a hard link', linkSync],
  ] as const) {
    it(`json:FILE of the recording, ${what}`, async (t) => {
      const at = temporaryFolder(t);
      // The end of a line would be written in front of the first event.
      writeFileSync(at('recording'), two.trimEnd());
      link?.(at('recording'), at('link'));
      const output = link ? at('link') : at('recording');
      assert.deepEqual(said(await runToEnd(['replay', at('recording'), '-o', `json:${output}`])), same(output));
      assert.equal(readFileSync(at('recording'), 'utf8'), two.trimEnd());
    });
  }

  for (const output of ['table', 'json']) {
    it(`${output} on a standard output that is the recording`, async (t) => {
      const recording = temporaryFolder(t)('recording');
      writeFileSync(recording, two);
      const { code, stderr } = await runToEnd(['replay', recording, '-o', output], {
        stdout: openSync(recording, 'a'),
      });
      assert.deepEqual({ code, stdout: '', stderr }, same('standard output'));
      assert.equal(readFileSync(recording, 'utf8'), two);
    });
  }

  it('a FIFO', async (t) => {
    const path = temporaryFolder(t)('fifo');
    execFileSync('mkfifo', [path]);
    assert.deepEqual(said(await runToEnd(['replay', path, '-o', `json:${path}`])), same(path));
  });

  it('a standard output that is not used, and devices, may be what is read', async (t) => {
    const recording = temporaryFolder(t)('recording');
    writeFileSync(recording, two);
    const { code, stderr } = await runToEnd(['replay', recording, '-o', 'none'], { stdout: openSync(recording, 'a') });
    assert.equal(code, 0, stderr);
    assert.equal((await runToEnd(['replay', '/dev/null', '-o', 'json:/dev/null'])).code, 0);
  });
});

describe('two outputs in one file are refused', () => {
  const same = (a: string, b: string) =>
    failed(2, `compactstall: --output: ${a} and ${b} are the same file. Choose another file for one of them.`);

  it('two names of it', async (t) => {
    const at = temporaryFolder(t);
    writeFileSync(at('a'), '');
    symlinkSync(at('a'), at('b'));
    for (const other of ['a', 'b']) {
      const outputs = ['-o', `json:${at('a')}`, '-o', `json:${at(other)}`];
      assert.deepEqual(said(await runToEnd(['replay', RECORDING, ...outputs])), same(at('a'), at(other)));
    }
    assert.equal(readFileSync(at('a'), 'utf8'), '');
  });

  it('its name, and standard output', async (t) => {
    const path = temporaryFolder(t)('file');
    const args = ['replay', RECORDING, '-o', 'json', '-o', `json:${path}`];
    const { code, stderr } = await runToEnd(args, { stdout: openSync(path, 'a') });
    assert.deepEqual({ code, stdout: '', stderr }, same('standard output', path));
  });
});

describe('replay: one output fails, the others go on', () => {
  for (const [what, open] of [
    [
      'a full disk',
      () => ({ path: '/dev/full', reason: 'write_enospc', words: 'no space left on device', leave: () => {} }),
    ],
    [
      'a pipe whose reader has gone',
      (path: string) => {
        execFileSync('mkfifo', [path]);
        const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        return { path, reason: 'write_epipe', words: 'broken pipe', leave: () => closeSync(reader) };
      },
    ],
  ] as const) {
    it(what, async (t) => {
      const at = temporaryFolder(t);
      const { path, reason, words, leave } = open(at('fifo'));
      // The recording is a pipe, so that its end comes after the failure.
      execFileSync('mkfifo', [at('recording')]);
      const collector = await startGrpcServer(t);
      const agent = new Agent(['replay', at('recording'), '-o', `json:${path}`, '-o', 'json'], {
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` },
      });
      const recording = createWriteStream(at('recording'));
      const [first, second] = [events(256), events(300).slice(256)];
      recording.write(first.map(jsonLine).join(''));
      await agent.until(() => agent.events().length === first.length);
      leave();
      recording.write(second.slice(0, 10).map(jsonLine).join(''));
      recording.end(second.slice(10).map(jsonLine).join(''));
      const { code, stdout, stderr } = await agent.finished;
      assert.equal(code, 4, stderr);
      assert.equal(stdout, [...first, ...second].map(jsonLine).join(''));
      assert.equal(collector.spans.length, 300);
      const warning = `cannot write to ${path}: ${words}. Further events are dropped and counted.`;
      assert.deepEqual(stderr.match(/cannot write .*/g), [warning]);
      const lost = /^ {2}lost +(\d+): (.*)$/m.exec(stderr)!;
      assert.equal(lost[2], `json:${path} dropped it: ${reason}`);
      assert.match(stderr, new RegExp(`^compactstall: 300 compactions, ${lost[1]} lost$`, 'm'));
      assert.match(stderr, / = 300 exported by json \+ 0 dropped \+ 0 queued$/m);
      assert.match(stderr, / = 300 exported by otlp \+ 0 dropped \+ 0 queued$/m);
      assert.doesNotMatch(stderr, /DOES NOT BALANCE/);
    });
  }
});

describe('replay: failures on the way', () => {
  it('malformed lines are reported and counted, and make exit code 4; the rest goes on', async (t) => {
    const path = temporaryFolder(t)('recording.jsonl');
    const [first, second] = events(2).map(jsonLine);
    writeFileSync(path, `${first}{"v":1}\nbroken\n${second}`);
    const { code, stdout, stderr } = await runToEnd(['replay', path, '-o', 'json']);
    assert.equal(code, 4);
    const [one, gap, two] = stdout.trimEnd().split('\n');
    assert.deepEqual([`${one}\n`, `${two}\n`], [first, second]);
    const { startUnixNano, count, reason } = JSON.parse(gap!);
    assert.deepEqual([startUnixNano, count, reason], [event(0).startUnixNano, 2, 'malformed']);
    const lines = stderr.split('\n');
    assert.equal(
      lines[0],
      `compactstall: ${path}:2: startUnixNano: expected a string of digits, at most 2^63 - 1, got nothing; line skipped.`,
    );
    assert.ok(lines[1]!.startsWith(`compactstall: ${path}:3: not JSON (`), lines[1]);
    assert.equal(lines[2], 'compactstall: 2 compactions, 2 lost');
    assert.match(stderr, /^ {2}received +4 = 2 decoded \+ 2 malformed$/m);
    assert.match(stderr, /^ {2}lost +2: a line was malformed$/m);
  });

  it('the name and the lines of a damaged file are shown printable', async (t) => {
    const path = temporaryFolder(t)('a\u001bb\u202e.jsonl');
    writeFileSync(path, '\0\u001b[2J\n{"v":"\u202e\u009b"}\n');
    const { code, stderr } = await runToEnd(['replay', path, '-o', 'none']);
    assert.equal(code, 4);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    assert.ok(stderr.includes('a?b?.jsonl:1: not JSON ('), stderr);
    const copied = await runToEnd(['replay', RECORDING, '-o', `json:${path}`]);
    assert.ok(copied.stderr.includes('a?b?.jsonl + 0 dropped'), copied.stderr);
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
    await agent.until(() => agent.stderr.includes('all is read; delivering 2000 queued events, Ctrl-C to stop'));
    // Not only once: signals that come soon after the beginning of the end belong to it.
    const again = setInterval(() => agent.child.kill('SIGINT'), 50);
    const { code } = await agent.finished;
    clearInterval(again);
    closeSync(out);
    assert.equal(code, 130);
  });

  it('a collector that takes nothing: Ctrl-C ends it, with exact books', async (t) => {
    const server = await startGrpcServer(t, () => ({ code: 14, details: 'not now' }));
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}` };
    const agent = new Agent(['replay', RECORDING, '-o', 'none'], { env });
    await agent.until(() =>
      /all is read; delivering \d+ queued events, Ctrl-C to stop\. A collector that takes none for 90 s is given up\.\n/.test(
        agent.stderr,
      ),
    );
    const { code, stderr } = await agent.stop('SIGINT');
    assert.equal(code, 4);
    assert.match(stderr, /delivering queued events for up to 5 s; Ctrl-C to stop at once/);
    const [, all] = /: (\d+) compactions, \1 lost$/m.exec(stderr) ?? [];
    assert.match(stderr, new RegExp(`= 0 exported by otlp \\+ ${all} dropped\\{shutdown\\} \\+ 0 queued$`, 'm'));
    // The line that shows the progress is for a terminal.
    for (const part of ['\r', '\x1b', 'spans delivered']) assert.ok(!stderr.includes(part), stderr);
  });

  it('SIGUSR2 prints the books so far: what still waits is not lost', async (t) => {
    const server = await startGrpcServer(t, () => ({ code: 14, details: 'not now' }));
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}` };
    const agent = new Agent(['replay', RECORDING, '-o', 'none'], { env });
    await agent.until(() => agent.stderr.includes('all is read; delivering'));
    for (const times of [1, 2]) {
      agent.child.kill('SIGUSR2');
      await agent.until(() => agent.stderr.match(/: \d+ compactions, 0 lost so far$/gm)?.length === times);
    }
    await agent.until(() => /= 0 exported by otlp \+ 0 dropped \+ \d+ queued$/m.test(agent.stderr));
    assert.equal((await agent.stop('SIGINT')).code, 4);
  });

  it('on a terminal one line shows the progress, and the books replace it', async (t) => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const server = await startGrpcServer(t, async () => {
      await gate;
      return OK;
    });
    const command = `${process.execPath} ${DIST}/bin/compactstall.js replay ${RECORDING} -o none`;
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.port}` };
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    terminal.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      if (text.includes(`${ERASE}compactstall: 0 spans delivered, `)) open();
    });
    const [code] = await once(terminal, 'close');
    assert.equal(code, 0, text);
    assert.match(text.split(ERASE).at(-1)!, /compactions, 0 lost/);
    assert.equal(server.spans.length > 0, true);
  });

  it('a pipe that nobody writes: a signal ends it, with its books', async (t) => {
    const path = temporaryFolder(t)('fifo');
    execFileSync('mkfifo', [path]);
    const agent = new Agent(['replay', path]);
    await agent.until(() => agent.stdout.includes('COMM'));
    const { code, stderr } = await agent.stop('SIGINT');
    assert.match(stderr, /^compactstall: 0 compactions, 0 lost$/m);
    assert.equal(code, 0, stderr);
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
