// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { KernelSymbols } from '../../../src/kernel/symbols.ts';
import { temporaryFolder } from '../fixtures.ts';
import { recordedSymbols } from '../recorded-kernel.ts';

const KERNEL = ['ffffffff81000000 T _stext', 'ffffffff81000080 T entry', 'ffffffff81200000 t last_of_kernel'];

/** Files instead of /proc/kallsyms and /proc/modules, which the test may rewrite. */
function host(t: TestContext, kallsyms: readonly string[], modules = '') {
  const at = temporaryFolder(t);
  const paths = { kallsyms: at('kallsyms'), modules: at('modules') };
  const write = (lines: readonly string[], text: string) => {
    writeFileSync(paths.kallsyms, lines.map((line) => `${line}\n`).join(''));
    writeFileSync(paths.modules, text);
  };
  write(kallsyms, modules);
  const symbols = new KernelSymbols(paths);
  t.after(() => symbols.close());
  return { symbols, write };
}

describe('kernel symbols', () => {
  it('real ones', () => {
    const symbols = recordedSymbols();
    assert.ok(symbols.available);
    assert.equal(symbols.name(0xffffffff81000080n), 'entry_SYSCALL_64+0x0');
    assert.equal(symbols.name(0xffffffff810000ban + 0x76n), 'entry_SYSCALL_64_after_hwframe+0x76');
    symbols.close();
  });

  const many = Array.from({ length: 50_000 }, (_, i) => `${(0xffffffff82000000n + BigInt(i)).toString(16)} T s${i}`);

  it('load() reads in parts, between which other work has its turn', async (t) => {
    const { symbols } = host(t, [...KERNEL, ...many]);
    let turns = 0;
    let counting = setImmediate(function count() {
      turns += 1;
      counting = setImmediate(count);
    });
    await symbols.load();
    clearImmediate(counting);
    // The file has more than 1 MB, and one read takes 256 KiB of it.
    assert.ok(turns >= 4, `${turns} turns`);
    assert.equal(symbols.load(), undefined);
    assert.equal(symbols.name(0xffffffff81000080n), 'entry+0x0');
  });

  it('load() reads again when modules change meanwhile', async (t) => {
    const module = 'ffffffffc0100000 t nv_alloc\t[nvidia]';
    const { symbols, write } = host(t, KERNEL, 'ext4 1 0 - Live 0x0\n');
    write([...KERNEL, ...many], 'ext4 1 0 - Live 0x0\n');
    const loaded = symbols.load();
    write([...KERNEL, module], 'ext4 1 0 - Live 0x0\nnvidia 1 0 - Live 0x0\n');
    assert.equal(symbols.modulesChanged(), true);
    await loaded;
    assert.equal(symbols.name(0xffffffffc010001fn), 'nv_alloc+0x1f [nvidia]');
  });

  it('the symbol before an address, with the offset', (t) => {
    const { symbols } = host(t, KERNEL);
    for (const [address, name] of [
      [0xffffffff81000000n, '_stext+0x0'],
      [0xffffffff8100007fn, '_stext+0x7f'],
      [0xffffffff81000080n, 'entry+0x0'],
      [0xffffffff81200fffn, 'last_of_kernel+0xfff'],
    ] as const) {
      assert.equal(symbols.name(address), name);
    }
  });

  it('of symbols at the same address, the one that the kernel lists last', (t) => {
    const { symbols } = host(t, ['ffffffff81000000 T _stext', 'ffffffff81000000 T _text']);
    assert.equal(symbols.name(0xffffffff81000004n), '_text+0x4');
  });

  it('an address that belongs to no symbol stays an address', (t) => {
    const { symbols } = host(t, KERNEL);
    assert.equal(symbols.name(0xffffffff80ffffffn), '0xffffffff80ffffff', 'before the first');
    assert.equal(symbols.name(0xffffffff81300000n), 'last_of_kernel+0x100000', 'the furthest');
    assert.equal(symbols.name(0xffffffff81300001n), '0xffffffff81300001', 'too far behind the last');
    assert.equal(symbols.name(0xffffffff811fffffn), '0xffffffff811fffff', 'in a gap');
    assert.equal(symbols.name(0n), '0x0');
  });

  it('a module’s symbol names its module', (t) => {
    const { symbols } = host(t, [...KERNEL, 'ffffffffc0100000 t nv_alloc\t[nvidia]']);
    assert.equal(symbols.name(0xffffffffc010001fn), 'nv_alloc+0x1f [nvidia]');
  });

  it('hidden: not available, addresses instead of names', (t) => {
    const { symbols } = host(
      t,
      Array.from({ length: 500 }, (_, i) => `0000000000000000 T s${i}`),
    );
    assert.equal(symbols.available, false);
    assert.equal(symbols.name(0xffffffff81000004n), '0xffffffff81000004');
  });

  it('available although the first symbol is at 0, as per-CPU symbols are on x86 up to 6.14', (t) => {
    const { symbols } = host(t, [
      '0000000000000000 A fixed_percpu_data',
      '0000000000000000 A __per_cpu_start',
      '0000000000001000 A cpu_debug_store',
      ...KERNEL,
    ]);
    assert.equal(symbols.available, true);
    assert.equal(symbols.name(0xffffffff81000004n), '_stext+0x4');
  });

  it('no such file: not available, addresses instead of names', () => {
    const symbols = new KernelSymbols({ kallsyms: '/nonexistent/kallsyms', modules: '/nonexistent/modules' });
    assert.equal(symbols.available, false);
    assert.equal(symbols.name(0xffffffff81000004n), '0xffffffff81000004');
    assert.equal(symbols.modulesChanged(), false);
    symbols.close();
  });

  it('an empty file: not available', (t) => assert.equal(host(t, []).symbols.available, false));
});

describe('modules that come and go', () => {
  const OLD = 'old 16384 0 - Live 0xffffffffc0100000\n';
  const NEW = 'new 16384 0 - Live 0xffffffffc0100000\n';
  const address = 0xffffffffc0100008n;

  it('an address gets the name of the module that is loaded now', (t) => {
    const { symbols, write } = host(t, [...KERNEL, 'ffffffffc0100000 t old_function\t[old]'], OLD);
    assert.equal(symbols.name(address), 'old_function+0x8 [old]');
    write([...KERNEL, 'ffffffffc0100000 t new_function\t[new]'], NEW);
    assert.equal(symbols.modulesChanged(), true);
    assert.equal(symbols.name(address), 'new_function+0x8 [new]');
    assert.equal(symbols.modulesChanged(), false, 'told once');
  });

  it('an unloaded module has no more names', (t) => {
    const { symbols, write } = host(t, [...KERNEL, 'ffffffffc0100000 t old_function\t[old]'], OLD);
    assert.equal(symbols.name(address), 'old_function+0x8 [old]');
    write(KERNEL, '');
    assert.equal(symbols.modulesChanged(), true);
    assert.equal(symbols.name(address), '0xffffffffc0100008');
  });

  it('the same module loaded again at another address is a change', (t) => {
    const { symbols, write } = host(t, KERNEL, OLD);
    write(KERNEL, OLD.replace('c0100000', 'c0200000'));
    assert.equal(symbols.modulesChanged(), true);
  });

  it('a reference count is not a change', (t) => {
    const { symbols, write } = host(t, KERNEL, OLD + NEW);
    write(KERNEL, OLD.replace(' 0 - ', ' 17 - ') + NEW);
    assert.equal(symbols.modulesChanged(), false);
  });

  it('unchanged modules: names stay as they are, without another read', (t) => {
    const { symbols, write } = host(t, KERNEL, OLD);
    assert.equal(symbols.name(0xffffffff81000004n), '_stext+0x4');
    write(['ffffffff81000000 T other'], OLD);
    assert.equal(symbols.modulesChanged(), false);
    assert.equal(symbols.name(0xffffffff81000004n), '_stext+0x4');
  });
});
