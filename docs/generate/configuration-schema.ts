// SPDX-License-Identifier: Apache-2.0
/** The JSON schema of the configuration file: the structure of OpenTelemetry's, and the agent's own node. */
import { readFileSync } from 'node:fs';
import { RUN_OPTIONS } from '../../src/cli/compactstall-options.ts';
import { keyOf, OWN_NODE } from '../../src/cli/file-options.ts';
import type { Option } from '../../src/cli/options.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** The library does not export its schema, but its validator has it as a constant. */
const VALIDATOR = new URL('generated/validator.mjs', import.meta.resolve('@opentelemetry/configuration'));
const BEGIN = 'const schema31 = ';

/** OpenTelemetry's schema, as the library that reads the file has it. */
export function standardSchema(): JsonObject {
  const text = readFileSync(VALIDATOR, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf('\n\t};', begin);
  if (begin < 0 || end < 0) throw new Error('the validator of @opentelemetry/configuration has another form now');
  return JSON.parse(text.slice(begin + BEGIN.length, end + 3));
}

/** Keys of the standard's schema that describe, and are not needed to check. */
const TEXTS = new Set(['description', 'enumDescriptions', 'isSdkExtensionPlugin', '$schema', 'title']);

export function configurationSchema(): string {
  const { $defs, properties, ...rest } = closed(standardSchema()) as { [key: string]: JsonObject };
  const instrumentation = $defs!.ExperimentalInstrumentation as { properties: JsonObject };
  instrumentation.properties.js = {
    type: ['object', 'null'],
    properties: { [OWN_NODE]: ownSchema() },
    additionalProperties: { type: ['object', 'null'] },
  };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration file of compactstall: OpenTelemetry declarative configuration',
    ...rest,
    properties: { file_format: properties!.file_format!, ...properties },
    $defs,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Without descriptions, and without keys that the agent cannot know: an editor marks them, and so does the agent. */
function closed(json: Json, isProperties = false): Json {
  if (Array.isArray(json)) return json.map((item) => closed(item));
  if (json === null || typeof json !== 'object') return json;
  const kept = Object.entries(json).filter(([key]) => isProperties || !TEXTS.has(key));
  const copy = Object.fromEntries(
    // A text is one of these already.
    kept.map(([key, value]) => [
      key,
      key === 'oneOf' ? value : closed(value, !isProperties && (key === 'properties' || key === '$defs')),
    ]),
  );
  if (isProperties) return copy;
  if (isNumberOrFlag(copy)) return { ...copy, ...orVariable(copy) };
  const hasKeys = typeof copy.properties === 'object';
  return hasKeys ? { ...copy, additionalProperties: false } : copy;
}

const typesOf = ({ type }: JsonObject): Json[] => (Array.isArray(type) ? type : type === undefined ? [] : [type]);
const isNumberOrFlag = (schema: JsonObject): boolean =>
  typesOf(schema).some((type) => type === 'integer' || type === 'number' || type === 'boolean') &&
  !typesOf(schema).includes('string');

/** A number may be written as a variable; a pattern concerns text only. */
const orVariable = (schema: JsonObject): JsonObject => ({
  type: [...typesOf(schema), 'string'],
  pattern: '\\$\\{',
});

function ownSchema(): JsonObject {
  const options: readonly Option[] = RUN_OPTIONS;
  const own = options.filter(({ inFile }) => inFile !== false);
  const properties = Object.fromEntries(own.map((option) => [keyOf(option), schemaOf(option)]));
  return { type: ['object', 'null'], properties, additionalProperties: false };
}

function schemaOf({ help, argument, repeatable, bare, parse }: Option): JsonObject {
  const description = help;
  if (argument === undefined) return { description, ...orVariable({ type: ['boolean', 'null'] }) };
  const one: JsonObject = parse?.choices ? { enum: [...parse.choices] } : { type: ['string', 'number'] };
  if (bare !== undefined) return { description, anyOf: [one, orVariable({ type: ['boolean', 'null'] })] };
  const list: JsonObject = { type: 'array', items: one, minItems: 1 };
  return repeatable || parse?.list ? { description, anyOf: [one, list] } : { description, ...one };
}
