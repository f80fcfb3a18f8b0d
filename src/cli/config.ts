// SPDX-License-Identifier: Apache-2.0
import { placeText } from '../configuration/fault.ts';
import { type Shown, variablesInForce } from '../configuration/variables.ts';
import { usageError } from '../errors.ts';
import { logExporters } from '../logs/configured.ts';
import { metricExporters } from '../metrics/configured.ts';
import { wantsSpans } from '../sinks/create.ts';
import { printable, printableJson } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { helpOf } from './commands.ts';
import { CONFIG_OPTIONS, RUN_OPTIONS } from './compactstall-options.ts';
import { readSettings, type Settings } from './file-options.ts';
import { type Option, parseOptions, textWithout } from './options.ts';
import { printed } from './standard-output.ts';

type Texts = ReadonlyMap<string, string[]>;

/** `compactstall config`: the settings with which `run` would run, and where each comes from. @returns the exit code */
export async function config(args: readonly string[]): Promise<number> {
  const { values: given, positionals, texts } = parseOptions('compactstall config', CONFIG_OPTIONS, args);
  if (given.help) return printed(helpOf('config'));
  if (given.version) return printed(`compactstall ${VERSION}\n`);
  if (positionals.length > 0)
    throw usageError(`config: unexpected '${positionals[0]}'. See compactstall config --help.`);

  const inForce = await readSettings(CONFIG_OPTIONS, given);
  const outputs = inForce.values.output;
  for (const env of inForce.environments) {
    // What `run` checks.
    if (wantsSpans(outputs, env)) (await import('../sinks/otlp/check.ts')).checkEnvironment(env);
    if (metricExporters(env).length > 0) (await import('../metrics/settings.ts')).readMetricSettings(env);
    if (logExporters(env).length > 0) (await import('../logs/settings.ts')).readLogSettings(env);
  }
  const { environments, configuration } = inForce;
  const exporters = environments.map((env, i) => ({ env, file: configuration?.variables[i] ?? new Map() }));
  const named = outputs.some(({ kind }) => kind === 'otlp' || kind === 'sdk');
  const settings = [...options(texts, inForce), ...variablesInForce(process.env, exporters, named)];
  const unused = (configuration?.unused ?? []).map(({ key, place, why }) => ({ key, at: placeText(place), why }));
  const file = configuration?.file;
  return printed(
    given.json
      ? `${printableJson(JSON.stringify({ version: VERSION, file: file ?? null, settings, unused }, null, 2))}\n`
      : text(file, settings, unused),
  );
}

function options(texts: Texts, { inFile }: Pick<Settings<readonly Option[]>, 'inFile'>): Shown[] {
  const all: readonly Option[] = RUN_OPTIONS;
  return all
    .filter((option) => option.inFile !== false)
    .map((option): Shown => {
      const name = `--${option.name}`;
      const given = texts.get(option.name);
      if (given !== undefined) return { name, value: given.join(', '), from: 'option' };
      const file = inFile.get(option.name);
      if (file !== undefined) return { name, value: file.written, from: 'file', at: placeText(file.place) };
      const value = textWithout(option);
      return { name, ...(value !== undefined && { value }), from: 'default' };
    });
}

function text(
  file: string | undefined,
  settings: readonly Shown[],
  unused: readonly { key: string; at: string; why: string }[],
): string {
  const rows = settings.map(({ name, value = '-', from, at, exporter }) => [
    exporter === undefined ? name : `${name} (exporter ${exporter})`,
    printable(value),
    at === undefined ? from : printable(at),
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length));
  const [first, second] = [width(0), width(1)];
  const lines = rows.map(([name, value, from]) => `${name!.padEnd(first)}  ${value!.padEnd(second)}  ${from}`);
  return [
    `compactstall ${VERSION}, ${file === undefined ? 'without a configuration file' : `with ${printable(file)}`}`,
    '',
    ...lines,
    ...(unused.length > 0 ? ['', 'Without meaning here:'] : []),
    ...unused.map(({ key, at, why }) => printable(`  ${key} (${at}): ${why}`)),
    '',
  ].join('\n');
}
