// SPDX-License-Identifier: Apache-2.0
import type { ConfigurationDocument, Path } from './document.ts';
import { type Fault, type Place, placeText } from './fault.ts';
import { CannotHonour, type Row } from './row.ts';
import { OWN_PATH, ROWS } from './rows.ts';

/** A variable as the file sets it. */
export interface Given {
  value: string;
  /** Of the key in the file that sets it, and its name. */
  place: Place;
  key: string;
  /** For a value that holds what a variable holds, which may be a secret: what to show instead. */
  written?: string;
}

export type Variables = Map<string, Given>;

/** A part of the file that has no meaning for the agent. */
export interface Unused {
  key: string;
  place: Place;
  why: string;
}

export interface Translation {
  /** For all exporters. */
  shared: Variables;
  /** For each span processor its own. */
  processors: Variables[];
  unused: Unused[];
  /** Where the agent's own options are, if there are any. */
  own: Path | undefined;
  faults: Fault[];
}

const BY_PATH = new Map(ROWS.map((row) => [row.path, row]));
const PROCESSOR = 'tracer_provider.processors[]';

/** The place of a key in the table; that of the first row below it, if it has no row itself. */
const rank = (pattern: string): number =>
  ROWS.findIndex(({ path }) => path === pattern || path.startsWith(`${pattern}.`) || path.startsWith(`${pattern}[`));

/** The standard's file as the variables that say the same. */
export function translate(model: unknown, document: ConfigurationDocument): Translation {
  const result: Translation = { shared: new Map(), processors: [], unused: [], own: undefined, faults: [] };

  const visit = (value: unknown, path: Path, pattern: string, variables: Variables) => {
    const row = BY_PATH.get(pattern) ?? BY_PATH.get(pattern.replace(/[^.]*$/, '*'));
    if (row !== undefined) take(row, value, path, variables);
    if (row !== undefined && !(row.kind === 'honoured' && row.into)) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const below = `${pattern}[]`;
        const own: Variables = below === PROCESSOR ? new Map() : variables;
        if (own !== variables) result.processors.push(own);
        visit(item, [...path, i], below, own);
      }
    } else if (typeof value === 'object' && value !== null) {
      const below = (key: string) => (pattern === '' ? key : `${pattern}.${key}`);
      const keys = Object.keys(value).sort((a, b) => rank(below(a)) - rank(below(b)));
      for (const key of keys) visit((value as Record<string, unknown>)[key], [...path, key], below(key), variables);
    }
  };

  const take = (row: Row, value: unknown, path: Path, variables: Variables) => {
    if (value === null && !row.presence) return;
    const place = document.place(path);
    const key = String(path.at(-1));
    if (row.kind === 'unused') {
      result.unused.push({ key: path.join('.'), place, why: row.why });
    } else if (row.kind === 'refused') {
      result.faults.push({ place, sentence: `${key} cannot be honoured: ${row.why}.` });
    } else if (row.path === OWN_PATH) {
      result.own = path;
    } else {
      try {
        const written = row.into ? undefined : writtenAt(document, path, value);
        for (const [name, text] of Object.entries(row.translate(value))) {
          const given = { value: text, place, key, ...(written !== undefined && { written }) };
          const fault = set(variables, name, given, isList(row, name));
          if (fault !== undefined) result.faults.push(fault);
        }
      } catch (error) {
        if (!(error instanceof CannotHonour)) throw error;
        result.faults.push({ place, sentence: `${key} cannot be honoured: ${error.message}.` });
      }
    }
  };

  visit(model, [], '', result.shared);
  return result;
}

/** What stands for a value that is not shown. */
export const HIDDEN = '(set)';

function writtenAt(document: ConfigurationDocument, path: Path, value: unknown): string | undefined {
  if (!document.isSubstituted(path)) return undefined;
  return typeof value === 'object' ? HIDDEN : document.written(path);
}

/** The exporters of metrics are a list; all else that two places say is a contradiction. */
const isList = (row: Row, variable: string): boolean =>
  (row.kind === 'honoured' && row.list === true) || variable === 'OTEL_METRICS_EXPORTER';

function set(variables: Variables, name: string, given: Given, joins: boolean): Fault | undefined {
  const before = variables.get(name);
  if (before === undefined) {
    variables.set(name, given);
  } else if (name === 'OTEL_METRICS_EXPORTER' && before.value.split(',').includes(given.value)) {
    return {
      place: given.place,
      sentence: `${given.key} cannot be honoured: ${placeText(before.place)} has one already.`,
    };
  } else if (joins) {
    variables.set(name, { ...before, ...given, value: `${before.value},${given.value}` });
  } else if (before.value !== given.value) {
    const why = `the agent has one value for all readers, and ${placeText(before.place)} has another`;
    return { place: given.place, sentence: `${given.key} cannot be honoured: ${why}.` };
  }
  return undefined;
}
