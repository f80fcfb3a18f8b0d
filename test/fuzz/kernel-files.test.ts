// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { HostError } from '../../src/errors.ts';
import { findTextSymbols, freeTable, readKallsyms, type SymbolTable } from '../../src/kernel/kallsyms.ts';
import { KernelSymbols } from '../../src/kernel/symbols.ts';
import { readScanCounters } from '../../src/kernel/vmstat.ts';
import { readZones, unusableShare } from '../../src/metrics/zones.ts';
import { fixtureText } from '../unit/fixtures.ts';
import { anyText, mutatedText, noise, record } from './arbitraries.ts';
import { FILES, property, refusing } from './property.ts';
import { scratchFolder } from './scratch.ts';

const folder = scratchFolder();
const file = join(folder, 'file');

function withKallsyms(content: string | Buffer, use: (table: SymbolTable) => void): void {
  writeFileSync(file, content);
  const descriptor = openSync(file, 'r');
  try {
    const table = readKallsyms(descriptor);
    use(table);
    freeTable(table);
  } finally {
    closeSync(descriptor);
  }
}

/** Sorted, each with a name that ends, and no more than the file has. */
function assertTable(content: Buffer): void {
  withKallsyms(content, ({ addresses, nameStarts, names }) => {
    assert.equal(addresses.length, nameStarts.length);
    assert.ok(names.length <= content.length && addresses.length <= content.length / 21);
    for (const [i, address] of addresses.entries()) {
      assert.ok(Number.isSafeInteger(address) && address > 0);
      assert.ok(i === 0 || addresses[i - 1]! <= address);
      assert.ok(names.indexOf('\n', nameStarts[i]) > nameStarts[i]!);
    }
  });
}

const SYMBOLS = fixtureText('kernel/kallsyms.txt').split('\n').slice(0, 12).join('\n');
const WORDS = ['ffffffff81000000 T ', '0000000000000000 t ', ' T ', '\n\n\n\n', 't\nt\nt\n', '\t[module]'];

property('kallsyms: any bytes', noise(400), assertTable, FILES);

property(
  'kallsyms: changed lines',
  mutatedText(fc.constant(`${SYMBOLS}\n`), WORDS).map((text) => Buffer.from(text, 'latin1')),
  assertTable,
  FILES,
);

const symbol = record({
  address: fc.bigInt({ min: 0xffffffff80000001n, max: 0xffffffffffffffffn }),
  type: fc.constantFrom('t', 'T', 'w', 'W', 'd', 'B'),
  name: fc.string({ unit: fc.constantFrom(...'abcXYZ_0.$'), minLength: 1, maxLength: 20 }),
  module: fc.option(fc.constantFrom('[xfs]', '[nf_tables]'), { nil: undefined }),
});

property(
  'kallsyms: each text symbol is found by its address, in whatever order they come',
  fc.uniqueArray(symbol, { maxLength: 30, selector: ({ address }) => address }),
  (symbols) => {
    const lines = symbols.map(
      ({ address, type, name, module }) => `${address.toString(16)} ${type} ${name}${module ? `\t${module}` : ''}\n`,
    );
    writeFileSync(file, lines.join(''));
    const kernel = new KernelSymbols({ kallsyms: file, modules: '/nonexistent' });
    const isText = ({ type }: { type: string }) => /[tw]/i.test(type);
    for (const { address, name, module } of symbols.filter(isText)) {
      assert.equal(kernel.name(address), `${name}+0x0${module ? ` ${module}` : ''}`);
    }
    kernel.close();
    const found = findTextSymbols(file, 'X', /X/);
    const own = symbols.filter((one) => isText(one) && one.module === undefined && one.name.includes('X'));
    assert.deepEqual(found, symbols.length === 0 ? undefined : own.map(({ name }) => name));
  },
  FILES,
);

property(
  'kallsyms: names that contain a word, in changed lines',
  mutatedText(fc.constant(`${SYMBOLS}\n`), WORDS),
  (text) => {
    writeFileSync(file, text);
    for (const name of findTextSymbols(file, 'bpf_trace', /./) ?? []) assert.match(name, /^\S*bpf_trace\S*$/);
  },
  FILES,
);

const BUDDYINFO = `Node 0, zone      DMA      0      1      0      0      0      0      0      0      1      1      3 
Node 0, zone   Normal   4211   1302    377     90     12      3      0      0      0      0      0 
`;

property(
  'buddyinfo: changed lines',
  fc.oneof(mutatedText(fc.constant(BUDDYINFO), ['Node 0, zone X ', ' '.repeat(200), ' 5']), anyText(200)),
  (text) => {
    writeFileSync(file, text, 'latin1');
    const zones = readZones(file);
    assert.ok(zones.length <= text.length / 16);
    for (const zone of zones) {
      assert.ok(zone.zone !== '' && zone.node >= 0 && zone.blocks.length > 0);
      assert.ok(zone.blocks.every((count) => count >= 0));
      const share = unusableShare(zone, 9);
      assert.ok(share === undefined || (share >= 0 && share <= 1), String(share));
    }
  },
  FILES,
);

property(
  'buddyinfo: what the kernel prints is read',
  fc.array(
    record({
      node: fc.nat(1023),
      zone: fc.constantFrom('DMA', 'DMA32', 'Normal', 'Movable'),
      blocks: fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 14 }),
    }),
    { maxLength: 8 },
  ),
  (zones) => {
    const line = ({ node, zone, blocks }: (typeof zones)[number]) =>
      `Node ${node}, zone ${zone.padStart(8)} ${blocks.map((n) => `${String(n).padStart(6)} `).join('')}\n`;
    writeFileSync(file, zones.map(line).join(''));
    assert.deepEqual(readZones(file), zones);
  },
  FILES,
);

property(
  'vmstat: changed lines',
  mutatedText(fc.constant('nr_free_pages 5\ncompact_migrate_scanned 123456\ncompact_free_scanned 654321\n'), [
    'compact_free_scanned ',
  ]),
  (text) => {
    writeFileSync(file, text, 'latin1');
    const counters = refusing(
      () => readScanCounters(file),
      (error) => error instanceof HostError,
    );
    if (counters)
      for (const sum of [counters.migrate, counters.free]) assert.ok(Number.isFinite(sum) && sum >= 0, String(sum));
  },
  FILES,
);
