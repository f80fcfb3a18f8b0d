// SPDX-License-Identifier: Apache-2.0
// The agent's messages as log records in a real Collector.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Collector, startCollector } from '../../harness/receivers/receivers.ts';
import { VERSION } from '../../src/version.ts';
import { runToEnd } from '../support/agent.ts';

const SEVERITY = { info: 9, error: 17 } as const;

let folder: string;
let collector: Collector;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'compactstall-logs-'));
  collector = await startCollector({ spansFile: join(folder, 'spans') });
});
after(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true });
});

describe('a Collector has every message that standard error has', () => {
  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    for (const [what, path, expected] of [
      ['a recording with a damaged line', 'damaged.jsonl', ['error line_malformed', 'error books']],
      ['a recording that is not there', 'no-such.jsonl', ['error recording_unreadable']],
      ['an empty recording', 'empty.jsonl', ['info books']],
    ] as const) {
      it(`${protocol}: ${what}`, async () => {
        writeFileSync(join(folder, 'damaged.jsonl'), 'no event\n');
        writeFileSync(join(folder, 'empty.jsonl'), '');
        const already = collector.logs().length;
        const endpoint = protocol === 'grpc' ? collector.endpoint : collector.httpEndpoint;
        const { stderr } = await runToEnd(['replay', join(folder, path), '--output', 'none', '--log-format', 'json'], {
          env: {
            OTEL_LOGS_EXPORTER: 'otlp',
            OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: protocol,
            OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: protocol === 'grpc' ? endpoint : `${endpoint}/v1/logs`,
          },
        });
        const said = stderr
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        assert.deepEqual(
          said.map(({ level, code }) => `${level} ${code}`),
          expected,
        );
        const logs = collector.logs().slice(already);
        assert.equal(logs.length, said.length);
        for (const [i, { record, body, attributes, resource, scope }] of logs.entries()) {
          const { time: _, level, code, message, ...fields } = said[i];
          assert.equal(record.eventName, `compactstall.${code}`);
          assert.equal(record.severityNumber, SEVERITY[level as 'info' | 'error']);
          assert.equal(record.severityText, level.toUpperCase());
          assert.equal(body, message);
          assert.deepEqual(attributes, fields);
          assert.equal(resource['service.name'], 'compactstall');
          assert.deepEqual(scope, { name: 'compactstall', version: VERSION });
        }
      });
    }
  }
});
