// SPDX-License-Identifier: Apache-2.0
import { closest } from '../closest.ts';
import { excerpt } from '../terminal.ts';
import type { ConfigurationDocument, Path } from './document.ts';
import { errorOf, type Fault } from './fault.ts';
import { readSchema, type Schema, schemaAt, unknownKeys } from './schema.ts';

/** How the library says which value its schema refuses: a JSON pointer, and what is wrong with it. */
const REFUSED = /: ((?:\/[^ ]+)?) (must .+)$/s;
/** What an unknown key causes as well. */
const CONSEQUENCE = /additional properties|required property|than \d+ properties/;
const FORMAT = "begin the file with file_format: '1.0'";

/**
 * The model of the file by OpenTelemetry's own reader, which puts variables in and checks it with the standard's schema. Throws
 * FileErrors with all unknown keys and the first value that the schema refuses.
 */
export async function validate(document: ConfigurationDocument): Promise<unknown> {
  const schema = readSchema();
  const faults = unknownKeys(document, schema);
  const { parseConfigFile } = await import('@opentelemetry/configuration');
  try {
    const model = parseConfigFile(document.file);
    if (faults.length === 0) return model;
  } catch (error) {
    const { message } = error as Error;
    if (faults.length === 0 || !CONSEQUENCE.test(message)) faults.push(faultOf(message, document, schema));
  }
  throw errorOf(faults);
}

function faultOf(message: string, document: ConfigurationDocument, schema: Schema): Fault {
  const place = (path: Path) => document.place(path);
  const [, pointer, why] = REFUSED.exec(message) ?? [];
  if (pointer !== undefined && why !== undefined) {
    const path = pathOf(pointer);
    const key = path.findLast((step) => typeof step === 'string') ?? 'the file';
    return { place: place(path), sentence: `${key} ${words(why, document, path, schemaAt(schema, path))}` };
  }
  if (message.includes('file_format')) {
    return { place: place(['file_format']), sentence: `the file has no file_format that is known here; ${FORMAT}.` };
  }
  const [, reference] = /invalid env var substitution: (.*)$/s.exec(message) ?? [];
  if (reference === undefined) return { place: place([]), sentence: `${excerpt(message)}.` };
  const sentence = `${excerpt(reference)} names no variable; write \${NAME} or \${NAME:-default}, and $$ for a $.`;
  return { place: document.placeOf(reference), sentence };
}

/** Indexes are numbers in a path. */
const pathOf = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));

const TYPES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
};

/** The validator's words, as far as they can be plainer. */
function words(why: string, document: ConfigurationDocument, path: Path, schema: Schema | undefined): string {
  const [, types] = /^must be ([a-z,]+)$/.exec(why) ?? [];
  if (types !== undefined) {
    const names = types.split(',').flatMap((type) => TYPES[type] ?? []);
    return `must be ${names.join(' or ')}.`;
  }
  if (why.includes('allowed values')) {
    const allowed = (schema?.enum ?? []).flatMap((word) => word ?? []);
    const meant = document.isSubstituted(path) ? undefined : closest(document.written(path), allowed);
    return meant === undefined ? `must be one of ${allowed.join(', ')}.` : `has another value; did you mean ${meant}?`;
  }
  const [, missing] = /required property '(.*)'/.exec(why) ?? [];
  if (missing !== undefined) return `has no ${missing}; add it.`;
  if (/more than 1 properties/.test(why)) return 'has more than one key; keep one.';
  if (/fewer than 1 properties/.test(why)) return 'has no key; name one.';
  if (/fewer than 1 items/.test(why)) return 'is an empty list; add an item, or leave it out.';
  return `${excerpt(why)}.`;
}
