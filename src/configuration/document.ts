// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { systemWords, usageError } from '../errors.ts';
import { excerpt } from '../terminal.ts';
import { errorOf, type Place } from './fault.ts';

/** The keys and indexes that lead from the root of the file to a value. */
export type Path = readonly (string | number)[];

export interface Entry {
  key: string;
  /** Of the key. */
  place: Place;
  value: Node | null;
}

/** The text of a file as it was written, before any variable is put in: it knows where each value stands. */
export class ConfigurationDocument {
  readonly file: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  /**
   * Reads a file. Throws a usage error when it cannot be read, or is not YAML; the configuration library takes what it can make out
   * of broken YAML, and the last of two equal keys.
   *
   * @param named what names the file, for messages
   */
  static read(file: string, named: string): ConfigurationDocument {
    const lines = new LineCounter();
    const document = parseDocument(textOf(file, named), { version: '1.2', prettyErrors: false, lineCounter: lines });
    const read = new ConfigurationDocument(file, document, lines);
    if (document.errors.length > 0) {
      throw errorOf(
        document.errors.map(({ pos, message }) => ({ place: read.#at(pos[0]), sentence: `${excerpt(message)}.` })),
      );
    }
    return read;
  }

  private constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
  }

  get root(): Node | null {
    return this.#resolved(this.#document.contents);
  }

  /** The entries of a mapping; none for any other node. */
  entries(node: Node | null): Entry[] {
    const map = this.#resolved(node);
    if (!isMap<Node, Node | null>(map)) return [];
    return map.items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value) : '?',
      place: this.#at(key.range?.[0] ?? 0),
      value: this.#resolved(value),
    }));
  }

  items(node: Node | null): (Node | null)[] {
    const list = this.#resolved(node);
    return isSeq<Node | null>(list) ? list.items.map((item) => this.#resolved(item)) : [];
  }

  /** Where the last key or item of the path stands, or else the nearest that is there. */
  place(path: Path): Place {
    return this.#walk(path).place;
  }

  /** Where a text of a value stands. */
  placeOf(text: string): Place {
    let found: number | undefined;
    visit(this.#document, {
      Scalar: (_, { value, range }) => {
        if (typeof value === 'string' && value.includes(text)) found ??= range?.[0];
      },
    });
    return this.#at(found ?? 0);
  }

  /** The value at the path as it is written: with `${VARIABLE}`, not with what it holds. */
  written(path: Path): string {
    const { node } = this.#walk(path);
    const text = (at: Node | null): string =>
      isScalar(at) ? String(at.source ?? at.value) : this.items(at).map(text).join(', ');
    return text(node);
  }

  /** Whether the value, or a part of it, is what a variable holds. */
  isSubstituted(path: Path): boolean {
    const { node } = this.#walk(path);
    const holds = (at: Node | null): boolean => {
      if (isScalar(at)) return typeof at.value === 'string' && at.value.includes('${');
      return this.items(at).some(holds) || this.entries(at).some(({ value }) => holds(value));
    };
    return holds(node);
  }

  #walk(path: Path): { place: Place; node: Node | null } {
    let node = this.root;
    let place = this.#at(node?.range?.[0] ?? 0);
    for (const step of path) {
      if (typeof step === 'number') {
        const item = this.items(node)[step];
        if (item === undefined) return { place, node: null };
        node = item;
        place = this.#at(item?.range?.[0] ?? 0);
      } else {
        const entry = this.entries(node).find(({ key }) => key === step);
        if (entry === undefined) return { place, node: null };
        node = entry.value;
        place = entry.place;
      }
    }
    return { place, node };
  }

  #resolved(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function textOf(file: string, named: string): string {
  try {
    // It is read twice, here and by the library, which a pipe does not allow.
    if (statSync(file).isFile()) return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`${named}: ${file} cannot be read (${systemWords(error)}); name a readable file.`);
  }
  throw usageError(`${named}: ${file} is not a regular file; name a file in YAML.`);
}
