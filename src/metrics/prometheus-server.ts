// SPDX-License-Identifier: Apache-2.0
import type { Server, ServerResponse } from 'node:http';
import { type Address, addressOf, closeServer, listen, shown } from '../http-server.ts';
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
const LIMITS = { clients: 16, silentMs: 10_000 };
/** The name of the server, by which an agent is known. */
const PRODUCT = 'compactstall';

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
  static async open(address: Address, warn: (message: Message) => void): Promise<PrometheusServer> {
    const server = await listen(address, LIMITS, (fields) => message('prometheus_port_taken', fields));
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
    return urlOf(addressOf(this.#server));
  }

  close(): void {
    closeServer(this.#server);
  }
}

/** `http://127.0.0.1:9464/metrics` */
export const urlOf = (address: Address): string => `http://${shown(address)}${PATH}`;

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
