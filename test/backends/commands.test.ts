// SPDX-License-Identifier: Apache-2.0
// The documents' commands, typed word for word in the repository's folder. test/support/documented-commands.ts lists the test
// of each.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tracePicture } from '../../examples/trace/picture.ts';
import { waitUntil } from '../../harness/child.ts';
import { endsWithTests } from '../../harness/ends-with-tests.ts';
import { flattenSpans } from '../../harness/receivers/otlp.ts';
import { ensureBackends } from '../../harness/receivers/receivers.ts';
import { parseEvent } from '../../src/event/parse.ts';
import type { RUN_BY } from '../support/documented-commands.ts';
import { ROOT } from '../support/documents.ts';

type Command = keyof typeof RUN_BY;
const LIMIT_MS = 120_000;

let folder: string;
let jaeger: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'compactstall-commands-'));
  ({ jaeger } = await ensureBackends('collector', 'jaeger'));
});
after(() => rmSync(folder, { recursive: true }));

/** The values that the reader inserts. */
const filledIn = (command: Command) =>
  command
    .replace('<this repository>', ROOT)
    .replace('/path/to/compactstall/', ROOT)
    .replace('PID', `${process.pid}`)
    .replaceAll('FILE', join(folder, 'trace'));

/** Runs a command to its end, which must be a success. @returns all its output */
function typed(command: Command, { cwd = ROOT, followedBy }: { cwd?: string; followedBy?: Command } = {}): string {
  const script = [command, ...(followedBy ? [followedBy] : [])].map(filledIn).join('\n');
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    cwd,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout + stderr;
}

/** A command that runs until Ctrl-C, in a separate process group, as a shell starts it. */
class Running {
  log = '';
  readonly #command: Command;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(command: Command, path: string[]) {
    this.#command = command;
    const env = { ...process.env, PATH: [...path, process.env.PATH].join(':') };
    const child = spawn('sh', ['-c', `exec ${filledIn(command).replace(/^(\w+=\S+)/, 'env $1')}`], {
      cwd: ROOT,
      env,
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log += text;
      });
    }
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    running.add(this);
  }

  async hasWritten(text: string): Promise<void> {
    await waitUntil(
      () => {
        if (this.log.includes(text)) return true;
        if (this.#child.exitCode !== null) throw new Error(`${this.#command} ended: ${this.log}`);
        return undefined;
      },
      LIMIT_MS,
      () => `${this.#command} has not written "${text}" but ${this.log}`,
    );
  }

  /** Ends a program without npm in front, which passes a signal on, like Ctrl-C. */
  async interrupt(expected: number): Promise<void> {
    this.#child.kill('SIGINT');
    assert.equal(await this.#ended, expected, this.log);
    running.delete(this);
  }

  kill(): void {
    process.kill(-this.#child.pid!, 'SIGKILL');
  }
}
const running = new Set<Running>();
after(() => {
  for (const one of running) one.kill();
});

async function started(command: Command, text: string, path: string[] = []): Promise<Running> {
  const one = new Running(command, path);
  await one.hasWritten(text);
  return one;
}

/** In a shell that lives on like a reader's, and so has its executable's name when it is identified. */
async function compact(): Promise<void> {
  const command: Command = 'echo 1 > /proc/sys/vm/compact_memory';
  const shell = endsWithTests(spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] }));
  shell.stdin!.write(`${command} && echo done\n`);
  await once(shell.stdout!, 'data');
}
const SERVICE = `unknown_service:${basename(realpathSync('/bin/sh'))}`;

describe('a reader who types the commands of the documents', () => {
  it('sees the first stall and the books', async () => {
    const agent = await started('npm start', ' attached');
    await compact();
    await agent.hasWritten(' manual ');
    await agent.interrupt(0);
    assert.match(agent.log, /^TIME +TRIGGER +COMM +PID +NODE\/ZONE +ORDER +DURATION +STATUS$/m);
    assert.match(agent.log, /^\S+ manual +sh +\d+ \d\/\S+ +-1 .* (complete|contended)$/m);
    assert.match(agent.log, /^compactstall: \d+ compactions, 0 lost$/m);
    assert.match(agent.log, /^ {2}begins +\d+ = \d+ paired \+ 0 open \+ 0 evicted$/m);
  });

  it('sees the first span, in a collector', async () => {
    const collector = await started('npm run collector', 'Everything is ready');
    const agent = await started('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 npm start', ' attached');
    await compact();
    await collector.hasWritten(`service.name: Str(${SERVICE})`);
    await collector.hasWritten('compaction.trigger: Str(manual)');
    await agent.interrupt(0);
    await collector.interrupt(0);
    assert.match(agent.log, /^ {2}decoded +(\d+) = \1 exported by otlp \+ 0 dropped \+ 0 queued$/m);
  });

  it('sees the first span, in Jaeger', async () => {
    // The tests' Jaeger is built without its web page; its API is the same.
    const server = await started('jaeger --config otel-collector/jaeger.yaml', 'Everything is ready', [
      dirname(jaeger),
    ]);
    const agent = await started('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 npm start', ' attached');
    await compact();
    const search = new URLSearchParams({ service: SERVICE, tags: '{"compaction.trigger":"manual"}' });
    await waitUntil(
      async () => {
        const answer = await fetch(`http://127.0.0.1:16686/api/traces?${search}`);
        return ((await answer.json()) as { data: unknown[] | null }).data?.length || undefined;
      },
      LIMIT_MS,
      () => `Jaeger has no span: ${agent.log}`,
    );
    await agent.interrupt(0);
    await server.interrupt(0);
  });

  it('sees what the doctor says about this host, and about a process', () => {
    assert.match(typed('npm start -- doctor'), /^compactstall can run here/m);
    assert.match(
      typed('npm start -- doctor --pid PID'),
      /^warn {2}process +\d+ is node, service unknown_service:node \(/m,
    );
  });

  it('sees that the least capabilities suffice', () => {
    const output = typed('caps=-all,+bpf,+perfmon,+syslog,+sys_ptrace,+dac_read_search,+checkpoint_restore', {
      followedBy:
        'setpriv --reuid 64999 --regid 64999 --clear-groups --no-new-privs --inh-caps=$caps --ambient-caps=$caps --bounding-set=$caps node_modules/.bin/node dist/bin/compactstall.js doctor',
    });
    assert.match(output, /^ok {4}attach /m);
    assert.match(output, /^ok {4}prober /m);
  });

  it('replays a recording', async () => {
    const file = join(ROOT, 'stalls.jsonl');
    assert.ok(!existsSync(file), `${file} is in the way`);
    try {
      const agent = await started('npm start -- -o json:stalls.jsonl', ' attached');
      await compact();
      await waitUntil(
        () => readFileSync(file, 'utf8').includes('"manual"') || undefined,
        LIMIT_MS,
        () => `no stall is in ${file}`,
      );
      await agent.interrupt(0);
      assert.match(typed('npm start -- replay stalls.jsonl'), /^\S+ manual +sh /m);
    } finally {
      rmSync(file, { force: true });
    }
  });

  it('sums up who waited', async () => {
    const agent = await started('npm start -- --summary', ' attached');
    await compact();
    await agent.hasWritten(' manual ');
    await agent.interrupt(0);
    assert.match(agent.log, /^SHARE +TOTAL +LONGEST +COUNT +TRIGGER +ORDER +PROCESS +SERVICE\n.* manual +-1 /m);
  });

  it('has a recording, for a machine without rights', () => {
    assert.match(typed('npm start -- summary examples/recording.jsonl'), / direct +9 service \d+ +thumbnails$/m);
    assert.match(typed('npm start -- replay examples/recording.jsonl'), / direct +MainThread +220 /m);
    typed('npm start -- report examples/recording.jsonl -o /tmp/report.html');
    assert.match(readFileSync('/tmp/report.html', 'utf8'), /^<!doctype html>/);
    rmSync('/tmp/report.html');
  });

  it('shows a configuration', () => {
    const shown = typed('npm start -- config --config examples/compactstall.yaml');
    assert.match(
      shown,
      /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT +http:\/\/127\.0\.0\.1:4317 +examples\/compactstall\.yaml:\d/m,
    );
  });

  it('uses compactsnoop', async () => {
    const snoop = await started('npm run compactsnoop', 'COMM');
    await compact();
    await snoop.hasWritten('complete');
    await snoop.interrupt(0);
    assert.match(snoop.log, /^COMM +PID +NODE +ZONE +ORDER +MODE +LAT\(ms\) +STATUS *$/m);
  });

  it('draws a trace', () => {
    assert.match(
      typed('npm run example -- --picture FILE --recording FILE'),
      / drew \S+\/trace\.svg from \S+\/trace\.json$/m,
    );
    const spans = flattenSpans(JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')));
    assert.ok(spans.some(({ span }) => span.name === 'compaction manual'));
    assert.equal(readFileSync(join(folder, 'trace.svg'), 'utf8'), tracePicture(spans));
    const recording = readFileSync(join(folder, 'trace'), 'utf8').trimEnd().split('\n').map(parseEvent);
    assert.ok(recording.some(({ spanId }) => spans.some(({ span }) => span.spanId === spanId)));
  });

  it('starts a service of Node.js with register', () => {
    writeFileSync(join(folder, 'app.js'), "console.log('the application ran');\n");
    const output = typed('node --import /path/to/compactstall/dist/register/index.js app.js', { cwd: folder });
    assert.equal(output, 'the application ran\n');
  });

  it('makes a clone', () => {
    typed('git clone <this repository> compactstall && cd compactstall', { cwd: folder });
    assert.ok(existsSync(join(folder, 'compactstall/setup.sh')));
  });
});
