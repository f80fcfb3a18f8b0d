// SPDX-License-Identifier: Apache-2.0
// The places of OpenTelemetry thread contexts, in programs built in every way of a compiler, a linker and two libcs
// (harness/programs/publishers). They print the address, which must be, to the byte, the one that is found from outside.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  locateThreadContexts,
  ThreadContextLocator,
  type ThreadContexts,
  type TlsLocation,
} from '../../src/prober/thread-context/locator.ts';
import { type Memory, ProcessMemory } from '../../src/procfs/remote-memory.ts';

const BUILD = fileURLToPath(new URL('../../harness/programs/publishers/build/', import.meta.url));
const LOCATOR = new URL('../../src/prober/thread-context/locator.ts', import.meta.url).href;

/** An emulated processor may need longer than the agent allows. */
const PATIENT = new ThreadContextLocator({ limits: { files: 1024, milliseconds: 10_000 } });

interface Thread {
  pointer: bigint;
  v1?: bigint;
  nodejs?: bigint;
}

/** Starts a publisher; resolves when all its threads have published. */
async function start(t: TestContext, command: string, args: readonly string[] = [], options = {}) {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${command} ended with ${code}`)));
    child.stdout!.on('data', (text) => {
      output += text;
      if (output.endsWith('ready\n')) resolve();
    });
  });
  const threads = output
    .split('\n')
    .slice(0, -2)
    .map((line): Thread => {
      const [, pointer, v1, nodejs] = line.split(' ').map((word) => (word === '-' ? undefined : BigInt(`0x${word}`)));
      return { pointer: pointer!, ...(v1 && { v1 }), ...(nodejs && { nodejs }) };
    });
  assert.equal(threads.length, 4);
  return { pid: child.pid!, threads };
}

/**
 * The steps of a BPF program that runs in the thread, with its thread pointer. Each `read` is one bpf_probe_read_user.
 * @returns the address of the thread's variable; undefined when the thread has none (yet)
 */
function address(location: TlsLocation, threadPointer: bigint, memory: Memory): bigint | undefined {
  const word = (at: bigint) => memory.read(at, 8)?.readBigUInt64LE();
  if (location.kind === 'static') return BigInt.asUintN(64, threadPointer + location.offset);
  const { module, offset, libc, generation } = location;
  // x86-64: the second word at the thread pointer, in both libcs. arm64: the first in glibc, the one before in musl.
  const dtv = word(threadPointer + (process.arch === 'arm64' ? (libc === 'glibc' ? 0n : -8n) : 8n));
  if (dtv === undefined) return undefined;
  let block: bigint | undefined;
  if (libc === 'glibc') {
    // Entries { pointer, to free } of 16 bytes. The one before the first has their number, the first has the generation.
    const head = memory.read(dtv - 16n, 24);
    if (!head || module > head.readBigUInt64LE(0) || head.readBigUInt64LE(16) < generation) return undefined;
    block = word(dtv + module * 16n);
    // TLS_DTV_UNALLOCATED: made when the thread first touches it.
    if (block === 0xffff_ffff_ffff_ffffn) return undefined;
  } else {
    // Pointers; the first word is their number.
    const count = word(dtv);
    if (count === undefined || module > count) return undefined;
    block = word(dtv + module * 8n);
  }
  // 0: never used.
  return block ? block + offset : undefined;
}

/** The only place of each variable. */
function only(found: ThreadContexts) {
  const { v1, nodejs } = 'reason' in found ? { v1: [], nodejs: [] } : found;
  assert.ok(v1.length <= 1 && nodejs.length <= 1);
  return { v1: v1[0], nodejs: nodejs[0], reason: 'reason' in found ? found.reason : undefined };
}

/** Asserts the location for every thread that has published. @returns both, and whether the other threads have one too */
function check({ pid, threads }: { pid: number; threads: Thread[] }) {
  const found = only(PATIENT.locate(pid));
  const memory = new ProcessMemory(`/proc/${pid}`);
  try {
    for (const name of ['v1', 'nodejs'] as const) {
      if (threads.every((thread) => !thread[name])) {
        assert.equal(found[name], undefined, name);
        continue;
      }
      assert.ok(found[name], `${name}: ${found.reason}`);
      for (const thread of threads) {
        if (!thread[name]) continue;
        assert.equal(address(found[name], thread.pointer, memory)?.toString(16), thread[name].toString(16), name);
      }
    }
    assert.equal(found.reason, undefined);
    const untouched = threads.find(({ v1 }) => v1 === undefined)!;
    return { ...found, untouched: found.v1 && address(found.v1, untouched.pointer, memory) };
  } finally {
    memory.close();
  }
}

describe('glibc', () => {
  const at = (name: string) => `${BUILD}glibc/${name}`;
  for (const name of ['pie', 'no-pie', 'aligned', 'sysv-hash', 'static', 'static-pie']) {
    it(`program: ${name}`, async (t) => {
      const { v1, untouched } = check(await start(t, at(`program-${name}`)));
      assert.equal(v1?.kind, 'static');
      assert.ok(untouched);
    });
  }

  for (const [name, kind] of [
    ['initial-exec', 'static'],
    ['initial-exec-hidden', 'static'],
    ['gd', 'dynamic'],
    ['gd-hidden', 'dynamic'],
    ['descriptor', 'static'],
    ['descriptor-large', 'static'],
    ['descriptor-protected', 'static'],
    ['descriptor-hidden', 'static'],
    ['descriptor-sysv-hash', 'static'],
  ] as const) {
    it(`library from the start: ${name}`, async (t) => {
      const { v1, untouched } = check(await start(t, at(`linked-${name}`)));
      assert.equal(v1?.kind, kind);
      assert.ok(untouched, 'all blocks are made together with the thread');
    });
  }

  for (const [name, kind] of [
    // glibc keeps some room for late libraries that need the static block, and some more for descriptors.
    ['initial-exec', 'static'],
    ['gd', 'dynamic'],
    ['gd-hidden', 'dynamic'],
    ['descriptor', 'static'],
    ['descriptor-large', 'dynamic'],
    ['descriptor-protected', 'dynamic'],
    ['descriptor-hidden', 'dynamic'],
    ['descriptor-sysv-hash', 'static'],
  ] as const) {
    it(`library that came late: ${name}`, async (t) => {
      const { v1, untouched } = check(await start(t, at('opens'), [at(`library-${name}.so`)]));
      assert.equal(v1?.kind, kind);
      assert.equal(untouched === undefined, kind === 'dynamic', 'a block is made at first use');
    });
  }

  it('library that came late, without room kept for it', async (t) => {
    const env = { GLIBC_TUNABLES: 'glibc.rtld.optional_static_tls=0' };
    const { v1 } = check(await start(t, at('opens'), [at('library-descriptor.so')], { env }));
    assert.equal(v1?.kind, 'dynamic');
  });

  it('library with the module id of an unloaded one: threads that only know the old one have no context', async (t) => {
    const libraries = [at('library-descriptor-protected.so'), at('library-descriptor-large.so')];
    const publisher = await start(t, at('opens'), libraries);
    const { v1, untouched } = check(publisher);
    assert.equal(untouched, undefined);
    assert.ok(v1?.kind === 'dynamic' && v1.generation > 0n);
    // The purpose of the generation: the entry still exists, but belongs to the other library.
    const memory = new ProcessMemory(`/proc/${publisher.pid}`);
    t.after(() => memory.close());
    const thread = publisher.threads.find((one) => one.v1 === undefined)!;
    assert.ok(address({ ...v1, generation: 0n }, thread.pointer, memory));
  });

  it('program started through the dynamic linker', async (t) => {
    const { interpreter } = /interpreter: (?<interpreter>[^\]]+)/.exec(await readelf(at('program-pie')))!.groups!;
    check(await start(t, interpreter!, [at('program-pie')]));
    const { v1 } = check(await start(t, interpreter!, [at('opens'), at('library-gd.so')]));
    assert.ok(v1?.kind === 'dynamic' && v1.libc === 'glibc');
  });
});

describe('musl', () => {
  const at = (name: string) => `${BUILD}musl/${name}`;
  for (const name of ['pie', 'no-pie', 'aligned', 'sysv-hash', 'static']) {
    it(`program: ${name}`, async (t) => {
      const { v1 } = check(await start(t, at(`program-${name}`)));
      assert.equal(v1?.kind, 'static');
    });
  }

  for (const [name, fromStart, late] of [
    ['initial-exec', 'static', undefined],
    ['gd', 'dynamic', 'dynamic'],
    ['gd-hidden', 'dynamic', 'dynamic'],
    ['descriptor', 'static', 'dynamic'],
    ['descriptor-large', 'static', 'dynamic'],
    ['descriptor-protected', 'static', 'dynamic'],
    ['descriptor-hidden', 'static', 'dynamic'],
    ['descriptor-sysv-hash', 'static', 'dynamic'],
  ] as const) {
    it(`library from the start: ${name}`, async (t) => {
      const { v1, untouched } = check(await start(t, at(`linked-${name}`)));
      assert.equal(v1?.kind, fromStart);
      assert.ok(untouched);
    });
    // musl refuses late libraries that need the static block.
    if (!late) continue;
    it(`library that came late: ${name}`, async (t) => {
      const { v1, untouched } = check(await start(t, at('opens'), [at(`library-${name}.so`)]));
      assert.ok(v1?.kind === late && v1.libc === 'musl');
      assert.ok(untouched, 'dlopen makes the blocks of all threads');
    });
  }
});

describe('files and rights', () => {
  it('the executable was removed, and another has its name', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'program');
    copyFileSync(`${BUILD}glibc/program-aligned`, path);
    const publisher = await start(t, path);
    rmSync(path);
    copyFileSync(`${BUILD}glibc/program-pie`, path);
    check(publisher);
  });

  it('a private file system, with a path that the host does not have', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'compactstall-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    copyFileSync(`${BUILD}glibc/program-static`, join(folder, 'publisher'));
    check(await start(t, 'chroot', [folder, '/publisher']));
  });

  it('without capabilities: a process without capabilities is read, and one with capabilities is not', async (t) => {
    const bare = (command: string, args: string[] = []) =>
      ['setpriv', ['--inh-caps=-all', '--bounding-set=-all', command, ...args]] as const;
    const own = await start(t, ...bare(`${BUILD}glibc/linked-initial-exec`));
    const roots = await start(t, `${BUILD}glibc/program-pie`);
    const script = `import { locateThreadContexts } from '${LOCATOR}';
      const shown = (pid) => JSON.stringify(locateThreadContexts(pid), (_, v) => (typeof v === 'bigint' ? Number(v) : v));
      console.log(shown(${own.pid}));
      console.log(shown(${roots.pid}));`;
    const [first, second] = (await output(...bare(process.execPath, ['--input-type=module', '-e', script]))).split(
      '\n',
    );
    const { pointer, v1, nodejs } = own.threads[0]!;
    assert.deepEqual(JSON.parse(first!), {
      v1: [{ kind: 'static', offset: Number(v1! - pointer) }],
      nodejs: [{ kind: 'static', offset: Number(nodejs! - pointer) }],
      keys: [],
    });
    assert.deepEqual(JSON.parse(second!), { reason: 'no_permission' });
  });

  it('absent memory is not read: bringing it may take any time', async (t) => {
    const { pid, threads } = await start(t, `${BUILD}glibc/program-pie`);
    const memory = new ProcessMemory(`/proc/${pid}`);
    t.after(() => memory.close());
    // The middle of a stack of 8 MB, with the thread pointer at its top.
    const untouched = threads[1]!.pointer - (4n << 20n);
    assert.equal(memory.read(untouched, 8), undefined);
    assert.ok(memory.read(threads[1]!.pointer, 8));
    // No process has these addresses.
    for (const wrong of [0n, -1n, 1n << 63n, (1n << 64n) - 8n]) assert.equal(memory.read(wrong, 8), undefined);
    assert.equal(memory.read(threads[1]!.pointer, 1 << 20), undefined);
  });
});

describe('reasons', () => {
  it('a process without contexts, a kernel thread, one that ended', async (t) => {
    assert.deepEqual(locateThreadContexts(process.pid), { reason: 'no_symbol' });
    assert.match(readFileSync('/proc/2/comm', 'utf8'), /kthreadd/);
    assert.deepEqual(locateThreadContexts(2), { reason: 'no_mappings' });
    const { pid } = await start(t, `${BUILD}glibc/program-pie`);
    process.kill(pid, 'SIGKILL');
    while (true) {
      const { reason } = only(locateThreadContexts(pid));
      if (reason === 'gone') break;
      // The process is a zombie here.
      assert.ok(reason === undefined || reason === 'no_mappings', reason);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it('limits of files and time', async (t) => {
    const { pid } = await start(t, `${BUILD}glibc/linked-initial-exec`);
    const within = (limits: { files: number; milliseconds: number }) =>
      new ThreadContextLocator({ limits }).locate(pid);
    assert.deepEqual(within({ files: 1, milliseconds: 1000 }), { reason: 'too_much_work' });
    assert.deepEqual(within({ files: 1000, milliseconds: -1 }), { reason: 'too_much_work' });
    assert.ok(only(within({ files: 1000, milliseconds: 1000 })).v1);
  });
});

const readelf = (path: string) => output('readelf', ['-lW', path]);

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const part of child.stdout!) text += part;
  assert.notEqual(text, '', `${basename(command)} said nothing`);
  return text;
}
