// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { RUN_OPTIONS } from '../../src/cli/compactstall-options.ts';
import { keyOf } from '../../src/cli/file-options.ts';
import { type Option, textWithout } from '../../src/cli/options.ts';
import type { Row } from '../../src/configuration/row.ts';
import { ROWS } from '../../src/configuration/rows.ts';
import { STANDARD_VARIABLES, type StandardVariables } from './standard-variables.ts';

const EXAMPLE = new URL('../../examples/compactstall.yaml', import.meta.url);

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** docs/configuration.md, made from the table that reads the file, so that the two cannot differ. */
export function configurationDoc(): string {
  const example = readFileSync(EXAMPLE, 'utf8').split('\n').slice(6).join('\n').trim();
  return [
    '# The configuration file',
    '',
    'This page answers: *how do I configure the agent with a file, and what of OpenTelemetry’s declarative configuration does it honour?*',
    '`npm run generate` writes it from the table that reads the file.',
    '',
    'The file has the form of OpenTelemetry’s',
    '[declarative configuration](https://opentelemetry.io/docs/specs/otel/configuration/#declarative-configuration), file_format 1.0 or 1.1,',
    'and is read and checked by OpenTelemetry’s own library for JavaScript. `--config FILE` names it, or `OTEL_CONFIG_FILE`. This is',
    '[examples/compactstall.yaml](../examples/compactstall.yaml):',
    '',
    '```yaml',
    example,
    '```',
    '',
    'To see what is in force, and where each value comes from:',
    '',
    '```sh',
    'npm start -- config --config examples/compactstall.yaml',
    '```',
    '',
    '## What counts',
    '',
    '- **An option counts before a variable, a variable before the file, and the file before the default.** The standard ignores variables',
    `  when there is a file, except for \`\${VARIABLE}\` in it. Here a variable of the process replaces that one setting of the file, so that a`,
    '  file for many hosts can be changed for one. `OTEL_EXPORTER_OTLP_ENDPOINT` replaces the endpoint for spans and the one for metrics.',
    '- `OTEL_RESOURCE_ATTRIBUTES` adds to `resource.attributes`, and counts before it for an attribute that both have.',
    '- A list is replaced as a whole: `-o table` replaces `output`, a variable with headers replaces all headers.',
    `- \`\${VARIABLE}\` and \`\${VARIABLE:-default}\` are replaced in values, as the standard says; \`$$\` is a \`$\`. Nothing of such a value is ever`,
    '  printed, and neither are headers.',
    '- If `OTEL_CONFIG_FILE` names the file of an application, start the agent with an empty `OTEL_CONFIG_FILE=`: it then reads no file.',
    '- Reading a file takes about 0.2 s at the start, and its libraries some 5 MB of memory. Without a file they are not loaded.',
    '- `replay` takes the options of the file that are its own. `doctor` checks the file. `compactsnoop` does not read it.',
    '',
    'A file that cannot be used as a whole ends the agent with exit code 2 before anything is loaded. Each message begins with file, line',
    'and column:',
    '',
    '```',
    'compactstall: agent.yaml:9:9: unknown key exporterr; did you mean exporter?',
    'agent.yaml:14:7: views cannot be honoured: the metrics of the agent are fixed; change them in the Collector.',
    '```',
    '',
    'For completion and checks in an editor: [schema/compactstall.schema.json](../schema/compactstall.schema.json), which the first lines of',
    'the example name for editors with the YAML language server.',
    '',
    '## Two exporters, TLS and a token',
    '',
    'Each span processor has a queue, books (`otlp`, `otlp_2`) and a check of `doctor`. In a run, one collector that takes nothing does not hold',
    'up the other; `replay` waits for both. With several processors, variables such as `OTEL_EXPORTER_OTLP_ENDPOINT` are refused, as they do not',
    'say which they mean.',
    '',
    '```yaml',
    "file_format: '1.0'",
    'tracer_provider:',
    '  processors:',
    '    - batch:',
    '        exporter:',
    '          otlp_grpc:',
    '            endpoint: https://collector.example:4317',
    '            tls:',
    '              ca_file: /etc/compactstall/ca.pem',
    '              cert_file: /etc/compactstall/agent.pem',
    '              key_file: /etc/compactstall/agent.key',
    '    - batch:',
    '        exporter:',
    '          otlp_http:',
    '            endpoint: https://vendor.example/v1/traces',
    '            headers:',
    '              - name: api-key',
    `                value: \${API_KEY}`,
    '  sampler:',
    '    trace_id_ratio_based:',
    '      ratio: 0.1',
    '```',
    '',
    '## The agent’s own options',
    '',
    'Below `instrumentation/development.js.compactstall`, each option of `run` with `_` for `-`; [cli.md](cli.md#compactstall---help) describes',
    'them. A flag is `true` or `false`. An option that can be given more than once, or takes a list, is one value or a list.',
    '',
    row('key', 'value', 'default'),
    row('---', '---', '---'),
    ...ownRows(),
    '',
    '## The standard’s keys',
    '',
    'What each key becomes. `[]` is any item of a list. The meaning of a variable, and its default, is in [cli.md](cli.md#variables).',
    '',
    row('key', 'honoured as', 'difference'),
    row('---', '---', '---'),
    ...ROWS.flatMap(honoured),
    '',
    'A file with one of these is refused:',
    '',
    row('key', 'why, and what to do'),
    row('---', '---'),
    ...ROWS.flatMap((entry) => reasoned(entry, 'refused')),
    '',
    'These have no meaning for the agent, so that an application’s file can be used for it. `compactstall config` names those that the file has.',
    '',
    row('key', 'why'),
    row('---', '---'),
    ...ROWS.flatMap((entry) => reasoned(entry, 'unused')),
    '',
    'Any other key is refused as unknown, even where the standard allows more keys for custom components.',
    '',
    '## The standard’s variables',
    '',
    'Each variable of OpenTelemetry’s',
    '[specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), and what it is here; a test sets each.',
    '[cli.md](cli.md#variables) says what it means, and has others.',
    '',
    row('variable', 'here', 'note'),
    row('---', '---', '---'),
    ...STANDARD_VARIABLES.map(variableRow),
    row('`OTEL_CONFIG_FILE`', 'honoured', 'variables count before it ([above](#what-counts))'),
    '',
  ].join('\n');
}

function ownRows(): string[] {
  const all: readonly Option[] = RUN_OPTIONS;
  return all
    .filter(({ inFile }) => inFile !== false)
    .map((option) => {
      const { argument, repeatable, bare, parse } = option;
      const otherwise = textWithout(option);
      const choices = parse?.choices?.map(code).join(', ');
      const one = choices ?? (argument === undefined ? '`true` or `false`' : argument);
      const more = repeatable || parse?.list ? ', or a list' : bare === undefined ? '' : ', or `true`';
      const value = `${one}${more}`;
      return row(code(keyOf(option)), value, otherwise === undefined ? '' : code(otherwise));
    });
}

const HERE = { honoured: 'honoured', refused: 'refused with a sentence', unused: 'without meaning' };

function variableRow({ names, value, becomes, note = '' }: StandardVariables): string {
  const name = names.map((name) => code(becomes === 'refused' ? `${name}=${value}` : name)).join(', ');
  return row(name, HERE[becomes], note);
}

function honoured(entry: Row): string[] {
  if (entry.kind !== 'honoured') return [];
  return [row(code(entry.path), entry.variables.map(code).join(', '), entry.note ?? '')];
}

function reasoned(entry: Row, kind: 'refused' | 'unused'): string[] {
  return entry.kind === kind ? [row(code(entry.path), entry.why)] : [];
}
