// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { EXIT_CODES, HELP } from '../../../src/cli/commands.ts';
import { SNOOP_HELP } from '../../../src/cli/compactsnoop-options.ts';
import { EXIT } from '../../../src/errors.ts';

const CLI = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const SRC = new URL('../../../src/', import.meta.url);

/** The code of the agent only: compactstall/register has variables of applications. */
function agentSources(): string {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('register/') && !path.startsWith('prober/'))
    .map((path) => readFileSync(new URL(path, SRC), 'utf8'))
    .join('\n');
}

describe('docs/cli.md', () => {
  it('has the help of both commands, word for word', () => {
    for (const help of [HELP, SNOOP_HELP]) assert.ok(CLI.includes(`\`\`\`\n${help}\`\`\`\n`), help);
  });

  it('has each exit code, and so has the help', () => {
    assert.deepEqual(
      EXIT_CODES.map(([code]) => code),
      Object.values(EXIT),
    );
    for (const code of Object.values(EXIT)) assert.match(CLI, new RegExp(`^\\| ${code} \\| `, 'm'));
  });

  it('has each variable that the agent names', () => {
    const variables = new Set(agentSources().match(/\b(?:OTEL_[A-Z_]*[A-Z]|NODE_EXTRA_CA_CERTS|NO_COLOR)\b/g));
    assert.ok(variables.size > 20, [...variables].join());
    // The SDK's own older name.
    variables.delete('OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT');
    variables.delete('OTEL_EXPORTER_OTLP');
    variables.delete('OTEL_EXPORTER_OTLP_TRACES');
    // Written with the names of both signals.
    for (const name of variables) if (/^OTEL_(?:EXPORTER_OTLP_)?X_/.test(name)) variables.delete(name);
    // Set by the agent for the SDK.
    variables.delete('OTEL_NODE_EXPERIMENTAL_SDK_METRICS');
    for (const name of variables) {
      const short = name.replace(/^OTEL_EXPORTER_OTLP_(TRACES_)?/, '_');
      assert.ok(CLI.includes(`\`${name}\``) || CLI.includes(`\`${short}\``), name);
    }
  });
});
