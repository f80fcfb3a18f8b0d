// SPDX-License-Identifier: Apache-2.0
import type { Path } from '../configuration/document.ts';
import type { Fault, Place } from '../configuration/fault.ts';
import type { Configuration } from '../configuration/read.ts';
import { UserError, usageError } from '../errors.ts';
import { RUN_OPTIONS } from './compactstall-options.ts';
import { type InForce, type Option, type Values, withDefaults } from './options.ts';

/** The agent's own node in the file, below `instrumentation/development.js`. */
export const OWN_NODE = 'compactstall';

/** The key of an option in the file. */
export const keyOf = ({ name }: Option): string => name.replaceAll('-', '_');

/** An option as the file has it. */
export interface FileOption {
  /** As it was written, with the names of variables and not with what they hold. */
  written: string;
  place: Place;
}

export interface Settings<Options extends readonly Option[]> {
  /** What options say; where none does, the file; and where that says nothing, the default. */
  values: InForce<Options>;
  /** The variables in force: one set for each span exporter, the first also for everything else. */
  environments: readonly NodeJS.ProcessEnv[];
  /** Absent without a file. */
  configuration?: Configuration;
  /** The options that the file sets, by name. */
  inFile: ReadonlyMap<string, FileOption>;
}

/** What names the configuration file: the option, or else the variable. */
function fileNamedBy(option: string | undefined, env: NodeJS.ProcessEnv): [file: string, by: string] | undefined {
  if (option !== undefined) return [option, '--config'];
  const file = env.OTEL_CONFIG_FILE?.trim();
  return file ? [file, 'OTEL_CONFIG_FILE'] : undefined;
}

/**
 * The settings in force: an option counts before a variable, a variable before the file, and the file before the default. Throws a
 * usage error for a file that cannot be used. Loads its reader only if there is a file.
 */
export async function readSettings<Options extends readonly Option[]>(
  options: Options,
  given: Values<Options> & { config?: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<Settings<Options>> {
  const named = fileNamedBy(given.config, env);
  if (named === undefined) return { values: withDefaults(options, given), environments: [env], inFile: new Map() };
  const { readConfiguration } = await import('../configuration/read.ts');
  const configuration = await readConfiguration(...named, env);
  const { values, inFile } = await readOwn(options, configuration);
  const inForce = withDefaults(options, { ...values, ...given });
  return { values: inForce, environments: configuration.environments, configuration, inFile };
}

/** Checks all options of the file, also those that another command than this one takes. */
async function readOwn<Options extends readonly Option[]>(options: Options, { own, document }: Configuration) {
  const taken = new Set(options.filter(({ inFile }) => inFile !== false).map(({ name }) => name));
  const all: readonly Option[] = RUN_OPTIONS;
  const values: Record<string, unknown> = {};
  const inFile = new Map<string, FileOption>();
  const faults: Fault[] = [];
  for (const option of own === undefined ? [] : all) {
    const key = keyOf(option);
    const value = own!.values[key];
    // A key without a value is not there; nor is a flag that is off.
    const canBeOff = !option.argument || option.bare !== undefined;
    if (option.inFile === false || value === undefined || value === null || (canBeOff && value === false)) continue;
    const path: Path = [...own!.path, key];
    const place = document.place(path);
    try {
      const result = checked(option, key, value);
      if (!taken.has(option.name)) continue;
      values[option.name] = result;
      inFile.set(option.name, { written: document.written(path), place });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // The sentence quotes the value.
      const hidden = `${key}: its variables hold something that cannot be used here. See compactstall --help.`;
      faults.push({ place, sentence: document.isSubstituted(path) ? hidden : error.message });
    }
  }
  if (faults.length > 0) throw (await import('../configuration/fault.ts')).errorOf(faults);
  return { values: values as Values<Options>, inFile };
}

/** Checks a value of the file with the parser of the option. */
function checked({ argument, repeatable, bare, parse }: Option, key: string, value: unknown): unknown {
  if (!argument) {
    if (value === true) return true;
    throw usageError(`${key} must be true or false.`);
  }
  if (bare !== undefined && value === true) return parse!(bare, key);
  const texts = Array.isArray(value) ? value.map((item) => textOf(item, key)) : [textOf(value, key)];
  if (repeatable) return texts.map((text) => parse!(text, key));
  if (texts.length > 1 && !parse!.list) throw usageError(`${key} must be one value, not a list.`);
  return parse!(texts.join(','), key);
}

function textOf(value: unknown, key: string): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw usageError(`${key} must be text or a number.`);
}
