// SPDX-License-Identifier: Apache-2.0
// The place of a shared library's TLS descriptor of a symbol (x86-64).
import { readFileSync } from 'node:fs';

const SHT_RELA = 4;
const R_X86_64_TLSDESC = 36;

/** The descriptor's address from the library's start; undefined without the symbol, or if it is reached in another way. */
export function tlsDescriptor(path: string, symbol: string): number | undefined {
  const file = readFileSync(path);
  const word = (at: number) => Number(file.readBigUInt64LE(at));
  const section = (index: number) => {
    const at = word(0x28) + index * file.readUInt16LE(0x3a);
    return {
      type: file.readUInt32LE(at + 4),
      at: word(at + 24),
      size: word(at + 32),
      link: file.readUInt32LE(at + 40),
    };
  };
  for (let index = 0; index < file.readUInt16LE(0x3c); index++) {
    const relocations = section(index);
    if (relocations.type !== SHT_RELA) continue;
    const symbols = section(relocations.link);
    const strings = section(symbols.link);
    for (let at = relocations.at; at < relocations.at + relocations.size; at += 24) {
      if (file.readUInt32LE(at + 8) !== R_X86_64_TLSDESC) continue;
      const name = strings.at + file.readUInt32LE(symbols.at + 24 * file.readUInt32LE(at + 12));
      if (file.toString('latin1', name, name + symbol.length + 1) === `${symbol}\0`) return word(at);
    }
  }
  return undefined;
}
