// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { Node } from 'yaml';
import { closest } from '../closest.ts';
import { installed } from '../installation.ts';
import type { ConfigurationDocument, Path } from './document.ts';
import type { Fault } from './fault.ts';

/** The words of JSON Schema that the file's schema uses. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | readonly string[];
  enum?: readonly (string | null)[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

/** More than that many keys are not listed in a message. */
const MAX_LISTED = 12;

/** The schema that editors use as well: the standard's keys and the agent's own. */
export const readSchema = (): Schema => JSON.parse(readFileSync(installed('schema/compactstall.schema.json'), 'utf8'));

export function resolved(schema: Schema, node: Schema | undefined): Schema | undefined {
  let at = node;
  while (at?.$ref !== undefined) at = schema.$defs?.[at.$ref.replace('#/$defs/', '')];
  return at;
}

/** The schema of the value at a path; undefined where anything is allowed. */
export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const step of path) {
    const here: Schema | undefined = resolved(schema, at);
    at = typeof step === 'number' ? here?.items : here?.properties?.[step];
  }
  return resolved(schema, at);
}

/**
 * Keys that the schema does not have. The standard allows others in some places, for components of other agents; here nothing
 * would take them, so they are most likely misspelt.
 */
export function unknownKeys(document: ConfigurationDocument, schema: Schema): Fault[] {
  const faults: Fault[] = [];
  const visit = (node: Node | null, described: Schema | undefined) => {
    const here = resolved(schema, described);
    if (here === undefined) return;
    for (const item of document.items(node)) visit(item, here.items);
    const known = Object.keys(here.properties ?? {});
    if (known.length === 0) return;
    for (const { key, place, value } of document.entries(node)) {
      if (known.includes(key)) {
        visit(value, here.properties![key]);
        continue;
      }
      const meant = closest(key, known);
      if (meant !== undefined) faults.push({ place, sentence: `unknown key ${key}; did you mean ${meant}?` });
      else if (here.additionalProperties === false) {
        faults.push({ place, sentence: `unknown key ${key}; ${expected(known)}.` });
      }
    }
  };
  visit(document.root, schema);
  return faults;
}

function expected(known: readonly string[]): string {
  const listed = known.slice(0, MAX_LISTED).join(', ');
  return `expected one of ${listed}${known.length > MAX_LISTED ? ' and others, see docs/configuration.md' : ''}`;
}
