// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { EXIT, systemWords, UserError } from '../errors.ts';
import { type Message, message } from '../messages/message.ts';
import { VERSION } from '../version.ts';
import { Health, type Work } from './health.ts';
import { notCollected } from './not-collected.ts';
import type { TextFormat } from './prometheus-text.ts';

const PATH = '/metrics';
/** Where an orchestrator asks whether the agent works, and whether what it sees arrives. */
const HEALTH = '/healthz';
const READINESS = '/readyz';
const CONTENT_TYPES: Record<TextFormat, string> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};
/** A client that is silent for this long is disconnected. */
const SILENT_MS = 10_000;
const MAX_CLIENTS = 16;
/** The name of the server, by which an agent is known. */
const PRODUCT = 'compactstall';
/** Node.js would wake up each 30 s to look for slow clients; SILENT_MS bounds them. */
const NEVER_MS = 2 ** 31 - 1;

export interface Address {
  host: string;
  port: number;
}

/** Where Prometheus scrapes, and an orchestrator asks for health. */
export class PrometheusServer {
  readonly #server: Server;
  readonly #warn: (message: Message) => void;
  #hasFailed = false;
  /** Makes the text of a scrape; undefined until there is something to tell. */
  scrape: ((format: TextFormat) => string) | undefined;
  /** What the run has done; undefined until it has begun. */
  work: (() => Work) | undefined;
  readonly #health = new Health();

  /** Throws a UserError when it cannot listen there. */
  static async open({ host, port }: Address, warn: (message: Message) => void): Promise<PrometheusServer> {
    const server = createServer({ connectionsCheckingInterval: NEVER_MS });
    server.maxConnections = MAX_CLIENTS;
    server.setTimeout(SILENT_MS);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const fields = { address: shown(host, port), reason: words(error) };
        reject(new UserError(EXIT.FAILURE, message('prometheus_port_taken', fields)));
      });
      server.listen(port, host, resolve);
    });
    // Without descriptors a connection cannot be accepted; the next one may.
    server.on('error', () => {});
    // An agent that cannot start must not stay for it.
    server.unref();
    return new PrometheusServer(server, warn);
  }

  private constructor(server: Server, warn: (message: Message) => void) {
    this.#server = server;
    this.#warn = warn;
    server.on('request', (request, response) => {
      response.setHeader('Connection', 'close').setHeader('Server', `${PRODUCT}/${VERSION}`);
      const path = request.url?.replace(/\?.*/s, '');
      if (path !== PATH && path !== HEALTH && path !== READINESS) {
        say(response, 404, `metrics are at ${PATH}, health at ${HEALTH} and ${READINESS}`);
      } else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      } else if (path !== PATH) {
        const fault = this.#fault(path);
        say(response, fault === undefined ? 200 : 503, fault ?? 'ok');
      } else if (this.scrape === undefined) {
        response.writeHead(503, { 'Retry-After': '1' }).end();
      } else {
        const format = request.headers.accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
        this.#answer(response, format, this.scrape);
      }
    });
  }

  /** Why it is not healthy, or not ready: one word. Starting is healthy. */
  #fault(path: string): string | undefined {
    const work = this.work?.();
    if (work === undefined) return path === READINESS ? 'starting' : undefined;
    if (work.isStuck || this.#health.isStuck(work, performance.now())) return 'stuck';
    return path === READINESS && !work.canDeliver ? 'failing' : undefined;
  }

  #answer(response: ServerResponse, format: TextFormat, scrape: (format: TextFormat) => string): void {
    try {
      const text = scrape(format);
      response.writeHead(200, { 'Content-Type': CONTENT_TYPES[format] }).end(text);
    } catch (error) {
      response.writeHead(500).end();
      if (!this.#hasFailed) this.#warn(notCollected(error));
      this.#hasFailed = true;
    }
  }

  /** `http://127.0.0.1:9464/metrics` */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return urlOf({ host: address, port });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** `http://127.0.0.1:9464/metrics` */
export const urlOf = ({ host, port }: Address): string => `http://${shown(host, port)}${PATH}`;

/** Whether an agent answers there within the time. */
export async function isAgent(address: Address, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(urlOf(address), { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) });
    return response.headers.get('Server')?.startsWith(`${PRODUCT}/`) ?? false;
  } catch {
    return false;
  }
}

const say = (response: ServerResponse, status: number, text: string) =>
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${text}\n`);

const shown = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Node.js repeats the address: "listen EADDRINUSE: address already in use 127.0.0.1:9464". */
const words = (error: Error): string => systemWords(new Error(error.message.replace(/^listen (.*) \S+$/, '$1')));
