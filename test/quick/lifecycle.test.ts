// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bpfObjects, bpfObjectsLeft, COMPACT_NODE0, compact, populatedZones } from '../../harness/host.ts';
import { Agent, parseLines, runToEnd } from '../support/agent.ts';
import { assertNothingLost, exportedBy } from '../support/books.ts';
import { capabilities, hidden, runDeprived } from '../support/deprived.ts';
import { listen } from '../support/listen.ts';
import { startGrpcServer } from '../unit/sinks/otlp/grpc-server.ts';

const COMPACTSTALL = fileURLToPath(new URL('../../dist/bin/compactstall.js', import.meta.url));
const COMPACTSNOOP = fileURLToPath(new URL('../../dist/bin/compactsnoop', import.meta.url));
const ZONES = populatedZones().filter(({ node }) => node === 0).length;

describe('the end of a run', () => {
  it('-d ends an idle run', async () => {
    const { code, stderr } = await runToEnd(['-d', '0.3', '--trigger', 'proactive']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /0 compactions, 0 lost/);
  });

  it('compactsnoop -d, too', async () => {
    const { code, stdout, stderr } = await runToEnd(['-d', '0.3', '-p', '1'], { command: 'compactsnoop' });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^COMM +PID +NODE +ZONE +ORDER +MODE +LAT\(ms\) +STATUS\n$/);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`${signal} delivers what is in the ring, and prints the books`, async () => {
      const args = ['--output', 'json', '--pid', String(process.pid)];
      const agent = await new Agent(args, { books: true }).attached();
      compact(COMPACT_NODE0, 1);
      const finished = await agent.stop(signal);
      assert.equal(exportedBy('json', assertNothingLost(finished)), ZONES);
      assert.equal(parseLines(finished.stdout).length, ZONES);
    });
  }

  it('leaves nothing in the kernel, even after SIGKILL', async () => {
    const agent = await new Agent([]).attached();
    assert.notDeepEqual(bpfObjects(), []);
    agent.child.kill('SIGKILL');
    await agent.finished;
    assert.deepEqual(await bpfObjectsLeft(), []);
  });

  it('a second signal ends it at once, while it waits for a collector', async () => {
    const silent = createServer(() => {}).unref();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const agent = await new Agent(['--output', 'none', '--pid', String(process.pid), '--verbose'], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    }).attached();
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    compact(COMPACT_NODE0, 1);
    await connected;
    agent.child.kill('SIGINT');
    await agent.until(() => agent.stderr.includes('Ctrl-C to stop at once'));
    // One that comes right after the first belongs to it.
    const again = setInterval(() => agent.child.kill('SIGINT'), 600);
    const { code } = await agent.stop('SIGINT').finally(() => clearInterval(again));
    assert.equal(code, 130);
    assert.deepEqual(await bpfObjectsLeft(), []);
  });
});

describe('a run that ends while compactions go on', () => {
  it('loses none: those under way are counted as open or without begin, and none as lost', async () => {
    const work = `while :; do echo 1 >${COMPACT_NODE0}; done`;
    // Ends with this process, and with the test.
    // Another agent makes the kernel slow between two detachments.
    const other = await new Agent(['--output', 'none']).attached();
    const writer = spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', work], { stdio: 'ignore' });
    try {
      for (let round = 0; round < 30; round++) {
        const agent = await new Agent(['--output', 'json', '--verify'], { books: true }).attached();
        await agent.until(() => agent.stdout.length > 0);
        const finished = await agent.stop();
        // What was evicted is lost.
        assertNothingLost(finished);
      }
    } finally {
      writer.kill('SIGKILL');
      await other.stop();
    }
  });
});

describe('npm start', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));

  /** Runs until the agent is attached. A silent collector holds the first spans until the agent waits for it. */
  async function start(t: TestContext, words: readonly string[]) {
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const collector = createHttpServer(async (request, response) => {
      request.resume();
      asked.resolve();
      await held.promise;
      response.setHeader('content-type', 'application/x-protobuf').end();
    });
    const port = await listen(t, collector);
    const [program, ...more] = words;
    const child = spawn(program!, more, {
      cwd: root,
      env: {
        ...process.env,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said)));
    t.after(() => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // All have ended.
      }
    });
    const attached = new Promise<void>((resolve) => {
      const read = (text: string) => {
        said += text;
        if (said.includes(' attached (')) resolve();
        if (said.includes('delivering queued events')) held.resolve();
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read);
    });
    await Promise.race([attached, ended]);
    compact(COMPACT_NODE0, 1);
    await Promise.race([asked.promise, ended]);
    return { child, ended, answer: held.resolve };
  }

  const NPM = ['npm', 'start', '--silent', '--', '--output', 'none', '--pid', `${process.pid}`];
  for (const [what, words, end] of [
    ['npm alone is told to end', NPM, ({ pid }) => process.kill(pid!, 'SIGTERM')],
    ['the process group is told to end', NPM, ({ pid }) => process.kill(-pid!, 'SIGTERM')],
    ['Ctrl-C in a shell without job control', NPM, ({ pid }) => process.kill(-pid!, 'SIGINT')],
    ['Ctrl-C in a terminal', ['script', '-qec', NPM.join(' '), '/dev/null'], ({ stdin }) => stdin!.write('\x03')],
    // SIGALRM: the time is over.
    ['timeout -s INT', ['timeout', '-s', 'INT', '600', ...NPM], ({ pid }) => process.kill(pid!, 'SIGALRM')],
  ] as [string, string[], (child: ChildProcess) => void][]) {
    it(`${what}: one end, with all spans delivered, and the books`, async (t) => {
      const { child, ended } = await start(t, words);
      end(child);
      const said = await ended;
      assert.match(said, new RegExp(`compactstall: ${ZONES} compactions, 0 lost`), said);
      assert.match(said, new RegExp(`= ${ZONES} exported by otlp`));
      assert.deepEqual(await bpfObjectsLeft(), []);
    });
  }

  it('a terminal that is closed: SIGHUP to all, and no terminal to write to', async (t) => {
    const { child, ended, answer } = await start(t, ['script', '-qec', NPM.join(' '), '/dev/null']);
    answer();
    child.kill('SIGKILL');
    await ended;
    assert.deepEqual(await bpfObjectsLeft(), []);
  });
});

describe('while nothing happens', () => {
  it('it suggests how to make a compaction happen', async () => {
    const agent = await new Agent(['--trigger', 'proactive']).attached();
    await agent.until(() => agent.stderr.includes('/proc/sys/vm/compact_memory'));
    await agent.stop();
  });
});

describe('a reader that goes away', () => {
  it('ends the run, without a message about pipes', async () => {
    // The second row of stalls finds the pipe closed.
    const script = `"$0" "$1" | head -n 2; echo "status \${PIPESTATUS[0]}"`;
    const shell = spawnSync(
      'bash',
      [
        '-c',
        `(for i in 1 2 3 4 5 6; do sleep 0.5; echo 1 >${COMPACT_NODE0}; done) & ${script}`,
        process.execPath,
        COMPACTSTALL,
      ],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    assert.match(shell.stdout, /^TIME .*\n.*manual.*\nstatus 0\n$/);
    assert.doesNotMatch(shell.stderr, /EPIPE|Error|at .*\.js/);
    assert.match(shell.stderr, /0 lost/);
  });

  it('a full disk is reported and counted, and makes exit code 4', async () => {
    const agent = await new Agent(['--output', 'json:/dev/full', '--pid', String(process.pid)]).attached();
    compact(COMPACT_NODE0, 1);
    const { code, stderr } = await agent.finished;
    assert.equal(code, 4, stderr);
    assert.match(stderr, /cannot write to \/dev\/full: no space left on device/);
    assert.match(stderr, new RegExp(`lost +${ZONES}: json:/dev/full dropped it: write_enospc`));
  });
});

describe('an output that fails beside others', () => {
  it('a disk that fills up: spans and rows go on, and what the file missed is lost', async (t) => {
    const collector = await startGrpcServer(t);
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
    t.after(() => rmSync(folder, { recursive: true }));
    // A disk of its own, which ends with the agent.
    const disk = `mount -t tmpfs -o size=4k compactstall "$0" && exec "$@"`;
    const under = ['unshare', '--mount', 'sh', '-c', disk, folder];
    const outputs = ['--output', `json:${folder}/recording`, '--output', 'json', '--pid', String(process.pid)];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
    const agent = await new Agent(outputs, { under, env, books: true }).attached();
    compact(COMPACT_NODE0, 5);
    await agent.until(() => agent.stderr.includes('cannot write to'));
    compact(COMPACT_NODE0, 3);
    await agent.until(() => agent.events().length === 8 * ZONES);
    const { code, stderr, books } = await agent.stop();
    assert.equal(code, 4, stderr);
    assert.equal(stderr.match(/cannot write to .*recording: no space left on device\./g)?.length, 1, stderr);
    for (const output of ['json', 'otlp']) assert.equal(exportedBy(output, books!), 8 * ZONES);
    const written = exportedBy(`json:${folder}/recording`, books!)!;
    assert.deepEqual(books!.lost, { [`json:${folder}/recording dropped it: write_enospc`]: 8 * ZONES - written });
    assert.equal(collector.spans.length, 8 * ZONES);
  });
});

describe('a collector that refuses', () => {
  it('is reported with the next step; undelivered spans are counted', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const agent = await new Agent(['--output', 'none', '--pid', String(process.pid)], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    }).attached();
    compact(COMPACT_NODE0, 1);
    await agent.until(() => agent.stderr.includes(`127.0.0.1:${port}`));
    const { code, stderr } = await agent.stop();
    assert.equal(code, 4, stderr);
    assert.match(stderr, new RegExp(`lost +${ZONES}: otlp dropped it: shutdown`));
    assert.doesNotMatch(stderr, /\n +at /);
  });
});

describe('a host that cannot run it', () => {
  it('without capabilities: names them, exit code 3', () => {
    const { status, stderr } = runDeprived(capabilities('-all'), ['-d', '1']);
    assert.equal(status, 3, stderr);
    assert.match(
      stderr,
      /^compactstall: may not load BPF programs: CAP_BPF and CAP_PERFMON are missing\. Grant them: --cap-add BPF --cap-add PERFMON .*\n$/,
    );
  });

  it('as `npm start`: names the commands that need no rights', () => {
    const start = ['env', 'npm_lifecycle_event=start', ...capabilities('-all')];
    for (const args of [['-d', '1'], ['doctor']]) {
      const { status, stderr } = runDeprived(start, args);
      assert.equal(status, 3, stderr);
      assert.match(stderr, /^compactstall: npm run demo needs none of this: .*\n$/m);
    }
  });

  it('with one capability: names the other', () => {
    const { status, stderr } = runDeprived(capabilities('-all,+bpf'), ['-d', '1']);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /CAP_PERFMON is missing/);
  });

  it('with both, but not root: works, and reports that symbols are hidden', () => {
    const { status, stderr } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['-d', '0.2', '-K']);
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/CAP_SYSLOG/g)?.length, 1);
  });

  it('compactsnoop -K, too', () => {
    const { status, stderr } = runDeprived(capabilities('-all,+bpf,+perfmon'), ['-d', '0.2', '-K'], COMPACTSNOOP);
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/CAP_SYSLOG/g)?.length, 1);
  });

  it('without BTF: reports it, exit code 3', () => {
    const { status, stderr } = runDeprived(hidden('/sys/kernel/btf/vmlinux'), ['-d', '1']);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /does not see the kernel's types: \/sys\/kernel\/btf\/vmlinux: something is mounted over it/);
  });

  it('without the addon: --help and --version work, and a run tells how to build it', () => {
    const addon = fileURLToPath(new URL('../../native/bpf-loader/build/', import.meta.url));
    assert.equal(runDeprived(hidden(addon), ['--help']).status, 0);
    assert.equal(runDeprived(hidden(addon), ['--version']).status, 0);
    const { status, stderr } = runDeprived(hidden(addon), ['-d', '1']);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /setup\.sh|make/);
    assert.doesNotMatch(stderr, /\n +at /);
  });

  it('without the BPF object: tells how to build it', () => {
    const object = fileURLToPath(new URL('../../bpf/build/', import.meta.url));
    const { status, stderr } = runDeprived(hidden(object), ['-d', '1']);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /setup\.sh/);
  });

  it('a wrong variable of the collector is reported before anything is attached', async () => {
    for (const [name, value] of [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ftp://127.0.0.1'],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json'],
    ] as const) {
      const { code, stdout, stderr } = await runToEnd(['-d', '1'], { env: { [name]: value } });
      assert.equal(code, 2, stderr);
      assert.ok(stderr.includes(name) && !stderr.includes(value), stderr);
      assert.doesNotMatch(stderr, /attached/);
      assert.equal(stdout, '');
    }
  });

  it('a file that cannot be written', async () => {
    const { code, stderr } = await runToEnd(['--output', 'json:/nonexistent/file']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /cannot write \/nonexistent\/file: no such file or directory/);
    assert.doesNotMatch(stderr, /attached/);
  });
});

describe('a recording', () => {
  it('replays to the same lines', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'compactstall-'));
    const file = join(directory, 'recording.jsonl');
    const agent = await new Agent(['--output', `json:${file}`, '--pid', String(process.pid)]).attached();
    compact(COMPACT_NODE0, 3);
    assert.equal((await agent.stop()).code, 0);
    const recorded = readFileSync(file, 'utf8');
    assert.equal(parseLines(recorded).length, 3 * ZONES);
    const replayed = execFileSync(process.execPath, [COMPACTSTALL, 'replay', file, '--output', 'json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    assert.equal(replayed, recorded);
    rmSync(directory, { recursive: true });
  });
});
