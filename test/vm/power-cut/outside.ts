// SPDX-License-Identifier: Apache-2.0
/** What is outside a machine that loses power: the collector, and all that is known of the agent's events. */
import type { TestContext } from 'node:test';
import { emptyResource } from '@opentelemetry/resources';
import type { booksReport } from '../../../src/event/books-report.ts';
import { readLimits } from '../../../src/sinks/otlp/limits.ts';
import { RequestWriter } from '../../../src/sinks/otlp/request-writer.ts';
import { faultsOf } from '../../support/spool-oracle.ts';
import { event } from '../../unit/sinks/otlp/events.ts';
import { ACCEPTED, startHttpServer } from '../../unit/sinks/otlp/http-server.ts';
import { decodeRequest, type WireSpan } from '../../unit/sinks/otlp/wire.ts';

type Books = ReturnType<typeof booksReport>;
type Server = Awaited<ReturnType<typeof startHttpServer>>;

/** A line from the machine. */
type Line = { type: 'issued'; first: number; count: number } | { type?: undefined; code: string; books?: Books };

const AWAY = { status: 503 };

/** printf's format for event(n): of its start, its duration, and twice its number. */
export const EVENT_FORMAT = JSON.stringify(event())
  .replace(/("startUnixNano":)"\d+"/, '$1"%d"')
  .replace(/("durationNano":)\d+/, '$1%d')
  .replace(/("traceId":)"\w+"/, '$1"f%031x"')
  .replace(/("spanId":)"\w+"/, '$1"e%015x"');

export class Outside {
  readonly #server: Server;
  /** Whether the collector takes the next request. */
  takes: () => boolean = () => true;
  /** How often each number was delivered. */
  readonly delivered = new Map<number, number>();
  readonly safe = new Set<number>();
  readonly issued = new Set<number>();
  readonly faults: string[] = [];
  /** The first event of this run of the agent. */
  #first = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(t: TestContext): Promise<Outside> {
    const server = await startHttpServer(t, () => (outside.takes() ? ACCEPTED : AWAY));
    const outside = new Outside(server);
    return outside;
  }

  /** How many requests the collector got, whether it took them or not. */
  get requests(): number {
    return this.#server.requests.length;
  }

  /** As the machine sees it. */
  get endpoint(): string {
    return `http://10.0.2.2:${this.#server.port}`;
  }

  /** The power is on. @param first event that the agent will get */
  begin(first: number): void {
    this.#first = first;
  }

  hear(text: string): void {
    const line = JSON.parse(text) as Line;
    if (line.type === 'issued') for (let i = 0; i < line.count; i++) this.issued.add(line.first + i);
    else if (line.books !== undefined) this.#read(line.books);
  }

  /** Requests are stored, and delivered, in their order: those that are safe or delivered are the first ones. */
  #read({ equations, lost }: Books): void {
    const term = (name: string) => equations.flatMap(({ terms }) => terms[name] ?? [])[0] ?? 0;
    const known = term('exported by otlp') + term('spooled') - term('recovered');
    for (let i = 0; i < known; i++) this.safe.add(this.#first + i);
    for (const [reason, count] of Object.entries(lost)) this.faults.push(`${count} spans were lost: ${reason}`);
  }

  /** Takes notice of what was delivered so far. */
  notice(): void {
    const spans = this.#server.spans.splice(0);
    const after = spans.map((span) => {
      const number = Number.parseInt(span.spanId.slice(1), 16);
      this.delivered.set(number, (this.delivered.get(number) ?? 0) + 1);
      return { number, isWhole: isWhole(span, number) };
    });
    this.faults.push(
      ...faultsOf({ safe: [], before: new Set(), after, isIssued: (number) => this.issued.has(number) }),
    );
  }

  /** Judges, once all was delivered. */
  judge(): string[] {
    this.notice();
    const before = new Set(this.delivered.keys());
    this.faults.push(...faultsOf({ safe: this.safe, before, after: [], isIssued: () => true }));
    return this.faults;
  }
}

function isWhole({ resource: _, scope: __, ...span }: WireSpan, number: number): boolean {
  const writer = new RequestWriter({
    stack: 'event',
    limits: readLimits({}),
    sampler: undefined,
    scope: { name: '', version: '' },
    resourceOf: emptyResource,
  });
  writer.add(event(number));
  const [{ resource: ___, scope: ____, ...expected }] = decodeRequest(writer.finish().bytes) as [WireSpan];
  return JSON.stringify(span) === JSON.stringify(expected);
}
