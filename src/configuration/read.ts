// SPDX-License-Identifier: Apache-2.0
import { SettingError, usageError } from '../errors.ts';
import { logExporters } from '../logs/configured.ts';
import { metricExporters } from '../metrics/configured.ts';
import { checkEnvironment } from '../sinks/otlp/check.ts';
import { ConfigurationDocument, type Path } from './document.ts';
import { beatenBy, inForce } from './environment.ts';
import { errorOf } from './fault.ts';
import { type Translation, translate, type Unused, type Variables } from './translate.ts';
import { validate } from './validate.ts';

/** A configuration file, and the environment in force with it. */
export interface Configuration {
  file: string;
  /** One for each span exporter, and at least one; the first is for everything else as well. */
  environments: readonly NodeJS.ProcessEnv[];
  /** What the file sets, for each environment. */
  variables: readonly Variables[];
  unused: readonly Unused[];
  document: ConfigurationDocument;
  /** The agent's own options in the file, with where they are. */
  own: { path: Path; values: Readonly<Record<string, unknown>> } | undefined;
}

/**
 * Reads a configuration file in OpenTelemetry's declarative form. Throws a usage error for a file that cannot be used as a whole: what
 * the agent cannot honour is never left out silently.
 *
 * @param by what names the file, for messages
 */
export async function readConfiguration(file: string, by: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
  const document = ConfigurationDocument.read(file, by);
  const model = await validate(document);
  const translation = translate(model, document);
  if (translation.faults.length > 0) throw errorOf(translation.faults);
  const { shared, processors, unused, own } = translation;
  refuseAmbiguity(translation, env);
  const variables = (processors.length === 0 ? [new Map()] : processors).map((own) => new Map([...shared, ...own]));
  const environments = variables.map((own) => inForce(env, own));
  for (const [i, environment] of environments.entries()) await check(environment, variables[i]!, env);
  const values = own?.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], model);
  return {
    file,
    environments,
    variables,
    unused,
    document,
    own: own && { path: own, values: values as Record<string, unknown> },
  };
}

/** A variable of one span exporter. */
const OF_EXPORTER = /^OTEL_(?:BSP_|EXPORTER_OTLP_(?!METRICS_|LOGS_|PROFILES_))/;

/** With several exporters a variable of the process cannot say which of them it means; a header must not go to both. */
function refuseAmbiguity({ processors }: Translation, env: NodeJS.ProcessEnv): void {
  if (processors.length < 2) return;
  const variable = Object.keys(env).find((name) => OF_EXPORTER.test(name) && env[name]?.trim());
  if (variable === undefined) return;
  throw usageError(
    `${variable}: the configuration file has ${processors.length} span processors, and the variable does not say which it means. Unset it, or name it in the file: \${${variable}}.`,
  );
}

/**
 * Checks the variables with their only readers. An error in what the file says names its place.
 *
 * @param own the process's environment
 */
async function check(env: NodeJS.ProcessEnv, variables: Variables, own: NodeJS.ProcessEnv): Promise<void> {
  try {
    checkEnvironment(env);
    if (metricExporters(env).length > 0) (await import('../metrics/settings.ts')).readMetricSettings(env);
    if (logExporters(env).length > 0) (await import('../logs/settings.ts')).readLogSettings(env);
  } catch (error) {
    const { variable = '', why = '' } = error instanceof SettingError ? error : {};
    const name = variable.split(/, | and /).find((name) => variables.has(name) && beatenBy(own, name) === undefined);
    const given = name === undefined ? undefined : variables.get(name);
    if (given === undefined) throw error;
    throw errorOf([{ place: given.place, sentence: `${given.key}: ${inFile(why, variables)}.` }]);
  }
}

/** The names of variables as the keys that stand for them. */
const inFile = (why: string, variables: Variables): string =>
  why.replace(/\bOTEL_[A-Z_]+/g, (name) => variables.get(name)?.key ?? name);
