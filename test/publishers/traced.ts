// SPDX-License-Identifier: Apache-2.0
/** An application with a real tracer, which stalls in its spans: test/publishers/apps. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { JsonProgram } from '../support/json-program.ts';

const ZONES = populatedZones().filter(({ node }) => node === 0).length;
/** The most stalls until the process is known, with its spans and its service, which may take it some seconds. */
const FIRST = 60;
const PAUSE_MS = 100;

export const APPS = fileURLToPath(new URL('apps/', import.meta.url));
export const SERVICE = 'shop';

/** The settings of Datadog's tracers. Nobody listens on that port. */
const DATADOG = {
  DD_SERVICE: SERVICE,
  DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_TRACE_STARTUP_LOGS: 'false',
};

interface Said {
  pid: number;
  tid: number;
  /** The span that the tracer says is active. */
  span: { traceId: string; spanId: string } | null;
}

/** A stall, as the application tells it, with what the agent made of it. */
export interface Stall extends Said {
  events: readonly CompactionEvent[];
}

export class Traced {
  readonly agent: Agent;
  readonly #program: JsonProgram;
  /** How many stalls each thread has made. */
  readonly #made = new Map<number, number>();

  private constructor(agent: Agent, program: JsonProgram) {
    this.agent = agent;
    this.#program = program;
  }

  /**
   * Starts the agent and the application, and waits until a stall has a context and the service.
   * @param first a way of working with a span
   */
  static async start(command: readonly string[], first: string, env: NodeJS.ProcessEnv = {}): Promise<Traced> {
    return Traced.#startUntil(command, first, env, (event) => isNamed(event) && event.context !== undefined);
  }

  /** The same, but waits for the service only. */
  static async startNamed(command: readonly string[], first: string, env: NodeJS.ProcessEnv = {}): Promise<Traced> {
    return Traced.#startUntil(command, first, env, isNamed);
  }

  static async #startUntil(
    [program, ...args]: readonly string[],
    first: string,
    env: NodeJS.ProcessEnv,
    isKnown: (event: CompactionEvent) => boolean,
  ): Promise<Traced> {
    const agent = await new Agent(['--output', 'json']).attached();
    const traced = new Traced(agent, application(program!, args, env));
    for (let i = 0; !(await traced.stalls(first)).some(({ events }) => isKnown(events.at(-1)!)); i++) {
      assert.ok(i < FIRST, 'no stall has what it should have');
      await sleep(PAUSE_MS);
    }
    return traced;
  }

  /** The same, but the application is older than the agent, and has stalled before. */
  static async startOld([program, ...args]: readonly string[], first: string, env: NodeJS.ProcessEnv): Promise<Traced> {
    const old = application(program!, args, env);
    await old.ask(first);
    return new Traced(await new Agent(['--output', 'json']).attached(), old);
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Makes the application stall in a way that it knows. */
  async stalls(way: string): Promise<Stall[]> {
    const said: Said[] = await this.#program.ask(way);
    const places = said.map(({ tid }) => {
      const place = this.#made.get(tid) ?? 0;
      this.#made.set(tid, place + 1);
      return place;
    });
    const of = (wanted: number) => this.agent.events().filter(({ tid }) => tid === wanted);
    await this.agent.until(() => [...this.#made].every(([tid, made]) => of(tid).length >= made * ZONES));
    return said.map((one, i) => {
      const events = of(one.tid).slice(places[i]! * ZONES, (places[i]! + 1) * ZONES);
      return { ...one, events };
    });
  }

  /** What `doctor --pid` says of the application. */
  async foretold(): Promise<string> {
    const { stdout, code } = await runToEnd(['doctor', '--json', '--pid', `${this.pid}`]);
    assert.equal(code, 0, stdout);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; why: string; todo?: string }[] };
    const { id, why, todo } = checks.at(-1)!;
    assert.equal(id, 'process');
    return todo === undefined ? why : `${why} ${todo}`;
  }

  /** Ends the application and the agent, which must not have lost anything. */
  async end(): Promise<void> {
    await this.#program.end();
    const { code, stderr } = await this.agent.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, / 0 lost$/m);
  }
}

const isNamed = ({ resource }: CompactionEvent) => resource?.['service.name'] === SERVICE;

const application = (program: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
  new JsonProgram(program, [...args, COMPACT_NODE0], { ...process.env, ...DATADOG, ...env });

/** How a stall relates to the span that its tracer says is active. */
export type Relation = 'child' | 'link' | 'root' | 'wrong';

function relationOf({ pid, span, events }: Stall): Relation {
  assert.equal(events.length, ZONES);
  const relations = events.map(({ pid: of, context, traceId }): Relation => {
    assert.equal(of, pid);
    if (context === undefined) return 'root';
    if (context.traceId !== span?.traceId || context.spanId !== span.spanId) return 'wrong';
    assert.equal(traceId === span.traceId, context.relation === 'child');
    return context.relation;
  });
  assert.equal(new Set(relations).size, 1, relations.join());
  return relations[0]!;
}

/** The relation of each stall. Asserts that all are of this service. */
export function relations(stalls: readonly Stall[], service = SERVICE): Relation[] {
  for (const { events } of stalls) for (const { resource } of events) assert.equal(resource?.['service.name'], service);
  return stalls.map(relationOf);
}

/** The sentences of `doctor --pid`, and how the stalls in spans relate to these by each. */
const SENTENCES: readonly (readonly [sentence: RegExp, relations: readonly Relation[]])[] = [
  [
    /\. A stall in a span is its child if the trace flags say that it is sampled, or else linked to it\./,
    ['child', 'link'],
  ],
  [/\. A stall in a span is linked to it until \S+ has decided to sample it, and then its child: /, ['child', 'link']],
  [/\. A stall in a span is always linked to it: /, ['link']],
  [/\. Its stalls are roots, unless OpenTelemetry eBPF Instrumentation knows their span: /, ['root']],
];

/** Asserts that stalls are as `doctor --pid` foretold. @returns how those in spans relate to them, by its words */
export function assertForetold(word: string, stalls: readonly Stall[], service = SERVICE): readonly Relation[] {
  const found = SENTENCES.filter(([sentence]) => sentence.test(word));
  assert.equal(found.length, 1, word);
  const [, foretold] = found[0]!;
  const related = relations(stalls, service);
  for (const [i, { span }] of stalls.entries()) {
    assert.ok(span ? foretold.includes(related[i]!) : related[i] === 'root', `${related[i]}: ${word}`);
  }
  return foretold;
}

/** Asserts that each stall in a span is a child of it, or linked to it, and that the others are roots. */
export function assertRelated(stalls: readonly Stall[], relation: 'child' | 'link'): void {
  assert.ok(stalls.some(({ span }) => span));
  assert.deepEqual(
    relations(stalls),
    stalls.map(({ span }) => (span ? relation : 'root')),
  );
}
