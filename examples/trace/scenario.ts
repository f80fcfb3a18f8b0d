// SPDX-License-Identifier: Apache-2.0
/**
 * The agent, the services, and a load: on this host, or as the command of an emulated machine,
 * `node scenario.ts '{"grpc":"http://10.0.2.2:4317",...}'`, which writes its messages to descriptor 3.
 */
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../../harness/child.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { request, type Service, type ServiceName, START_MS, startServices } from './services.ts';
import { Shutdown } from './shutdown.ts';

const AT_ONCE = 2;
const FIRST_REQUESTS = 100;
const PAUSE_MS = 200;
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export interface Setting {
  /** The Collector's endpoints. */
  grpc: string;
  http: string;
  /** Memory is fragmented, and the services want huge pages. Otherwise they compact by hand. */
  direct: boolean;
  /** The number of requests to each service. */
  requests: number;
}

export interface Outcome {
  /** The requests that were handled. */
  requests: Record<ServiceName, number>;
  /** The services' stalls that are in a request's trace. */
  stalls: { traceId: string; spanId: string }[];
  /** The number of the services' other stalls. */
  roots: number;
  /** The agent's recording: a line for each compaction. */
  recording: string[];
  /** The agent's last count, such as `64 compactions, 0 lost`. */
  books: string;
}

type Message = { type: 'said'; text: string } | ({ type: 'outcome' } & Outcome);
export const parseMessage = (line: string) => JSON.parse(line) as Message;

export async function runScenario(setting: Setting, shutdown: Shutdown, say: (text: string) => void): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-example-'));
  shutdown.add({ stop: async () => rmSync(folder, { recursive: true }) });
  const file = join(folder, 'events.jsonl');
  const agent = await startAgent(setting, file, shutdown);
  say('compactstall is attached');
  const services = await startServices(setting.http, setting.direct);
  for (const { child } of services) shutdown.add(child);
  if (setting.direct) await fragmentMemory(shutdown);
  say(`the services accept requests${setting.direct ? ', and memory is fragmented' : ''}`);

  const stalls = ({ child }: Service) => eventsIn(file).filter(({ pid }) => pid === child.pid);
  const requests = { reports: setting.requests, thumbnails: setting.requests };
  for (const service of services) {
    requests[service.name] += await requestUntil(service, () => stalls(service).some(({ context }) => context));
  }
  say(`the agent knows which spans they publish; ${setting.requests} requests to each, ${AT_ONCE} at once`);
  await Promise.all(services.map(({ url }) => load(url, setting.requests)));

  // The services send their last spans, then the agent does.
  for (const { child } of services) await child.stop();
  await agent.stop();
  const books = / (\d+ compactions?, \d+ lost)/.exec(agent.log());
  if (!books) throw new Error(`compactstall ended too early:\n${agent.log()}`);
  const all = services.flatMap(stalls);
  const inTrace = all.filter(({ context }) => context?.relation === 'child');
  return {
    requests,
    stalls: inTrace.map(({ traceId, spanId }) => ({ traceId, spanId })),
    roots: all.length - inTrace.length,
    recording: linesIn(file),
    books: books[1]!,
  };
}

async function startAgent({ grpc }: Setting, file: string, shutdown: Shutdown): Promise<Child> {
  const agent = new Child('compactstall', path('../../dist/bin/compactstall'), ['--output', `json:${file}`], {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: grpc,
  });
  shutdown.add(agent);
  await agent.ready(async () => agent.log().includes(' attached ('), START_MS);
  return agent;
}

/** Holds so much memory that hardly any large block is left. The pause is longer than the rest takes. */
async function fragmentMemory(shutdown: Shutdown): Promise<void> {
  const args = ['-m', '92', '-p', '60000', '-r', '0'];
  const fragment = new Child('fragment', path('../../harness/programs/fragment/build/fragment'), args, {});
  shutdown.add(fragment);
  await fragment.ready(async () => fragment.log().includes('fragmented'), START_MS);
}

const linesIn = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

const eventsIn = (file: string): CompactionEvent[] => linesIn(file).map((line) => JSON.parse(line));

/** The agent probes a process some time after its start, and when it stalls: the first stalls of a service may be in no trace. */
async function requestUntil({ name, url }: Service, known: () => boolean): Promise<number> {
  for (let number = 1; number <= FIRST_REQUESTS; number++) {
    await request(`${url}first-${number}`);
    await sleep(PAUSE_MS);
    if (known()) return number;
  }
  throw new Error(`no stall in ${FIRST_REQUESTS} requests to ${name} was in its trace`);
}

async function load(url: string, requests: number): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < requests) await request(`${url}${++next}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

if (import.meta.main) {
  const tell = (message: Message) => writeSync(3, `${JSON.stringify(message)}\n`);
  const shutdown = new Shutdown();
  const setting = JSON.parse(process.argv[2]!) as Setting;
  const outcome = await runScenario(setting, shutdown, (text) => tell({ type: 'said', text }));
  tell({ type: 'outcome', ...outcome });
  await shutdown.now();
  process.exit();
}
