// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AgentEvent } from '../event/event.ts';
import { type Address, addressOf, closeServer, listen, shown } from '../http-server.ts';
import { message } from '../messages/message.ts';
import { emptyPage, livePage } from '../report/html.ts';
import { LIVE_EVENTS, type LiveStart } from '../report/live.ts';
import { excerpt } from '../terminal.ts';
import { askedStalls } from './asked-stalls.ts';
import { Clients, serverSent } from './clients.ts';
import { Feed, type FeedSources } from './feed.ts';
import { Guard, type Refusal } from './guard.ts';

/** Pages that look at once. */
const MAX_PAGES = 16;
/** Each page has a connection, and may ask for a file meanwhile. */
const LIMITS = { clients: 4 * MAX_PAGES, silentMs: 30_000 };
/** How long a page may take for a message. */
const SLOW_MS = 10_000;
/** How often pages get what is new. */
const TICK_MS = 500;
/** How often they get the time at least. */
const QUIET_MS = 2000;
/** The time that the last messages have. */
const LAST_MS = 500;
/** When a page tries again. */
const RETRY_MS = 1000;
const RETRY_AFTER = { 'Retry-After': String(RETRY_MS / 1000) };

/** Headers of all answers. The page itself has a policy, too; this one also keeps it out of frames. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The page of a running agent. Nothing runs while nobody looks. */
export class LivePage {
  readonly #server: Server;
  readonly #guard: Guard;
  readonly #host: string;
  /** Read before rights are given up: later the file may be out of reach. */
  readonly #empty = emptyPage();
  readonly #run = randomBytes(8).toString('hex');
  readonly #clients = new Clients({ most: MAX_PAGES, slowMs: SLOW_MS, onNone: () => this.#rest() });
  #feed: Feed | undefined;
  #messages = 0;
  #isExporting = false;
  #sentMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Listens, before anything is loaded. Throws a UserError when it cannot. */
  static async open(address: Address): Promise<LivePage> {
    const server = await listen(address, LIMITS, (fields) => message('live_page_refused', fields));
    return new LivePage(server, address);
  }

  private constructor(server: Server, address: Address) {
    this.#server = server;
    this.#guard = new Guard(address);
    this.#host = address.host;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  get url(): string {
    const { port } = addressOf(this.#server);
    return `http://${shown({ host: this.#host, port })}${this.#guard.root}`;
  }

  /** From now on it has something to show. */
  start(sources: FeedSources): void {
    this.#feed = new Feed(sources);
  }

  add(events: readonly AgentEvent[]): void {
    this.#feed?.add(events);
  }

  /** Sends what came last, and ends. A client that does not read is not waited for. */
  async close(): Promise<void> {
    if (this.#clients.size > 0) this.#tick();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, LAST_MS);
    await Promise.race([this.#clients.end(), late.promise]);
    clearTimeout(timer);
    closeServer(this.#server);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const asked = this.#guard.look(request);
    if ('why' in asked) say(response, asked.status, asked.why, this.#next(asked));
    else if (asked.path === '') this.#page(request, response, livePage(this.#empty));
    else if (asked.path === 'report.html') this.#page(request, response, this.#empty);
    else if (asked.path === 'spans.jsonl') void this.#spans(asked.query, response);
    else if (asked.path === 'events') this.#connect(request, response);
    else say(response, 404, 'there is nothing here');
  }

  /** What a client may do that was refused. */
  #next({ status }: Refusal): Record<string, string> {
    return status === 308 ? { Location: this.#guard.root } : { Allow: 'GET, HEAD' };
  }

  #page(request: IncomingMessage, response: ServerResponse, html: string): void {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(request.method === 'HEAD' ? undefined : html);
  }

  /** One page at a time: what it gets is as large as all that is kept. */
  async #spans(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const asked = askedStalls(query);
    const feed = this.#feed;
    const stalls = asked && feed?.shown(asked);
    if (!feed || !stalls) say(response, 400, 'it does not say which stalls');
    else if (asked.run !== this.#run) say(response, 409, 'the agent was started again');
    else if (stalls.length !== asked.shown) {
      say(response, 409, `the agent has kept ${stalls.length} of these ${asked.shown} stalls; show what is new first`);
    } else if (this.#isExporting) say(response, 503, 'another page exports just now', RETRY_AFTER);
    else {
      this.#isExporting = true;
      response.on('close', () => {
        this.#isExporting = false;
      });
      try {
        const text = await feed.spans(stalls);
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).end(text);
      } catch (error) {
        say(response, 500, excerpt(String(error)));
      }
    }
  }

  #connect(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#feed || this.#clients.isFull) {
      say(response, 503, this.#feed ? `${MAX_PAGES} pages are open already` : 'the agent is starting', RETRY_AFTER);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    request.socket.setTimeout(0);
    // Others go on from here, too.
    if (this.#clients.size > 0) this.#tick();
    const last = request.headers['last-event-id'];
    const hasAll = this.#clients.size > 0 && last === this.#id;
    this.#clients.add(response, `retry: ${RETRY_MS}\n\n${hasAll ? '' : this.#state(this.#feed)}`);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #tick(): void {
    const feed = this.#feed!;
    const more = feed.more();
    let state: string | undefined;
    const stateOnce = () => {
      state ??= this.#state(feed);
      return state;
    };
    const now = performance.now();
    const isNew = !more || more.events.length > 0 || more.slices.length > 0 || more.books !== undefined;
    if (!isNew && now - this.#sentMs < QUIET_MS) {
      this.#clients.send(undefined, stateOnce);
      return;
    }
    this.#sentMs = now;
    this.#messages += 1;
    this.#clients.send(more ? serverSent(LIVE_EVENTS.more, JSON.stringify(more), this.#id) : stateOnce(), stateOnce);
  }

  #state(feed: Feed): string {
    const start: LiveStart = { run: this.#run, report: feed.state() };
    return serverSent(LIVE_EVENTS.state, JSON.stringify(start), this.#id);
  }

  /** Of the last message, also over restarts. */
  get #id(): string {
    return `${this.#run}-${this.#messages}`;
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#feed?.rest();
  }
}

function say(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}
