// SPDX-License-Identifier: Apache-2.0
// A real receiver of spans that installs in seconds: Datadog's APM test agent. It decodes OTLP with Python's gRPC and protobuf.
//
//   const receiver = await startReceiver();
//   ...send to receiver.endpoint (gRPC) or receiver.httpEndpoint...
//   const spans = await receiver.waitForSpans(17, 10_000);
//   await receiver.stop();
//
// It keeps received spans in memory. It refuses a request of more than 1 MiB over HTTP (413). Over gRPC it acknowledges such a
// request, with a partial success that rejects every span.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, freePorts, waitUntil } from '../child.ts';
import { flattenSpans, type OtlpTraces, type ReceivedSpan } from './otlp.ts';
import type { Server } from './receivers.ts';

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url));
const RUN = 'from ddapm_test_agent.agent import main; main()';

/** The Python that has it. Installs it if necessary; throws when that fails, and install.sh prints the reason on stderr. */
export async function ensureReceiver(): Promise<string> {
  const install = spawn(INSTALL, { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = '';
  install.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines += text;
  });
  const [code] = await once(install, 'close');
  if (code !== 0)
    throw new Error('the receiver of spans could not be installed: harness/receivers/install.sh says why');
  return lines.trim();
}

export interface Receiver extends Server {
  /** All spans, in the order of their arrival. Throws when a request was malformed. */
  spans(): Promise<readonly ReceivedSpan[]>;
  /** Resolves to all spans as soon as there are at least `count`; throws when there are not after `deadlineMs`. */
  waitForSpans(count: number, deadlineMs: number): Promise<readonly ReceivedSpan[]>;
  /** Forgets all received spans. */
  clear(): Promise<void>;
}

/** Resolves when the test agent accepts OTLP. */
export async function startReceiver(): Promise<Receiver> {
  const python = await ensureReceiver();
  const [own, http, grpc] = (await freePorts(3)) as [number, number, number];
  // It may write into its working directory.
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-receiver-'));
  const ports = { '--port': own, '--otlp-http-port': http, '--otlp-grpc-port': grpc };
  const child = new Child('receiver', 'env', [
    ...['-C', folder, python, '-c', RUN, '--host', '127.0.0.1'],
    ...Object.entries(ports).flatMap(([name, port]) => [name, `${port}`]),
    ...['--log-level', 'CRITICAL', '--disable-llmobs-data-forwarding'],
  ]);
  const httpEndpoint = `http://127.0.0.1:${http}`;
  await child.ready(async () => (await isOpen(http)) && (await isOpen(grpc)));
  const spans = async () => {
    const answer = await fetch(`${httpEndpoint}/test/session/traces`);
    if (!answer.ok) throw new Error(`the receiver cannot read what it received: ${await answer.text()}`);
    const requests = (await answer.json()) as object[];
    // The newest request comes first.
    return requests.reverse().flatMap((request) => flattenSpans(otlpJson(request) as OtlpTraces));
  };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return {
    pid: child.pid,
    endpoint: `http://127.0.0.1:${grpc}`,
    httpEndpoint,
    log: () => child.log(),
    // It does not handle SIGTERM, so the signal ends Python.
    stop: () => child.kill().then(remove),
    kill: () => child.kill().then(remove),
    spans,
    clear: async () => {
      await fetch(`${httpEndpoint}/test/session/clear`);
    },
    waitForSpans: async (count, deadlineMs) => {
      let arrived = 0;
      return waitUntil(
        async () => {
          const all = await spans();
          arrived = all.length;
          return arrived >= count ? all : undefined;
        },
        deadlineMs,
        () => `${arrived} of ${count} spans have arrived`,
      );
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const IDS = new Set(['trace_id', 'span_id', 'parent_span_id']);
const ENUMS: Record<string, number> = {
  ...{ SPAN_KIND_UNSPECIFIED: 0, SPAN_KIND_INTERNAL: 1, SPAN_KIND_SERVER: 2, SPAN_KIND_CLIENT: 3 },
  ...{ STATUS_CODE_UNSET: 0, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 },
};

/** Converts protobuf's JSON (snake_case, base64, names of enumerators) to OTLP's (camelCase, hex, numbers). */
function otlpJson(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => otlpJson(item));
  if (typeof value === 'string') {
    if (IDS.has(name)) return Buffer.from(value, 'base64').toString('hex');
    return name === 'kind' || name === 'code' ? ENUMS[value] : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      otlpJson(item, key),
    ]),
  );
}
