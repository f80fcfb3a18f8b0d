// SPDX-License-Identifier: Apache-2.0
// A real Zipkin: a store with a model of spans and a query API of its own. It has no OTLP; a Collector translates.
//
//   const zipkin = await startZipkin();
//   ...send to a Collector with otel-collector/zipkin.yaml and zipkin.variables...
//   const [trace] = await zipkin.waitForTraces({ serviceName: 'shop' }, 1, 10_000);
//   await zipkin.stop();
//
// It is installed if necessary (seconds, once), and ends with the test process, however that ends.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Child, freePorts, waitUntil } from '../child.ts';

const INSTALL = fileURLToPath(new URL('zipkin/install.sh', import.meta.url));
/** Java takes its time to start on a busy machine. */
const START_MS = 120_000;

/** A span as its API v2 returns it. Times are whole microseconds; names are lower case. */
export interface ZipkinSpan {
  traceId: string;
  parentId?: string;
  id: string;
  name: string;
  timestamp: number;
  duration?: number;
  localEndpoint: { serviceName: string };
  annotations?: { timestamp: number; value: string }[];
  tags: Record<string, string>;
}

/** As its API v2 takes it. `annotationQuery` is `key=value`, several joined by ` and `; durations are microseconds. */
export interface ZipkinQuery {
  serviceName: string;
  spanName?: string;
  annotationQuery?: string;
  minDuration?: number;
}

export interface Zipkin {
  /** Those of otel-collector/zipkin.yaml. */
  variables: { COMPACTSTALL_ZIPKIN: string };
  services(): Promise<string[]>;
  /** One trace by its id; empty for an unknown one. */
  trace(traceId: string): Promise<ZipkinSpan[]>;
  traces(query: ZipkinQuery): Promise<ZipkinSpan[][]>;
  /** Resolves to all matching traces as soon as there are at least `count`; throws when there are not after `deadlineMs`. */
  waitForTraces(query: ZipkinQuery, count: number, deadlineMs: number): Promise<ZipkinSpan[][]>;
  stop(): Promise<void>;
}

/** The path of its archive. Installs it if necessary; throws when that fails, and install.sh prints the reason on stderr. */
export const ensureZipkin = (): string =>
  execFileSync(INSTALL, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** Resolves when Zipkin answers. It keeps spans in memory only. */
export async function startZipkin(): Promise<Zipkin> {
  const [port] = await freePorts(1);
  const listen = { port, ip: '127.0.0.1', 'protocols[0]': 'http' };
  const child = new Child('zipkin', 'java', [
    ...['-Xmx512m', '-XX:TieredStopAtLevel=1', '-jar', ensureZipkin(), '--logging.level.root=WARN'],
    ...Object.entries(listen).map(([name, value]) => `--armeria.ports[0].${name}=${value}`),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const get = async <T>(path: string): Promise<T[]> => {
    const response = await fetch(`${url}/${path}`);
    if (response.status === 404) return []; // The trace is unknown.
    if (!response.ok) throw new Error(`Zipkin answers ${response.status} to ${path}: ${await response.text()}`);
    return (await response.json()) as T[];
  };
  await child.ready(async () => (await get('health').catch(() => undefined)) !== undefined, START_MS);
  const traces = (query: ZipkinQuery) => {
    // By default it returns 10 traces.
    const entries = Object.entries({ ...query, limit: 100_000 }).map(([key, value]) => [key, `${value}`]);
    return get<ZipkinSpan[]>(`api/v2/traces?${new URLSearchParams(Object.fromEntries(entries))}`);
  };
  return {
    variables: { COMPACTSTALL_ZIPKIN: url },
    services: () => get<string>('api/v2/services'),
    trace: (traceId) => get<ZipkinSpan>(`api/v2/trace/${traceId}`),
    traces,
    waitForTraces: async (query, count, deadlineMs) => {
      let found: ZipkinSpan[][] = [];
      return waitUntil(
        async () => {
          found = await traces(query);
          return found.length >= count ? found : undefined;
        },
        deadlineMs,
        () => `Zipkin finds ${found.length} of ${count} traces for ${JSON.stringify(query)}`,
      );
    },
    // Java answers SIGTERM with 143.
    stop: () => child.kill(),
  };
}
