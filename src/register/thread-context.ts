// SPDX-License-Identifier: Apache-2.0
// Thread context (OTEP 4947), the part of Node.js: one record for each span, in an AsyncLocalStorage that only this module uses.
// A reader finds it through V8's continuation-preserved data, whose place @datadog/pprof knows.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { parseHex } from './hex.ts';
import { Kept } from './kept.ts';

/** The record of a span. */
type Record = object;

/** A part of the exports of `otel-thread-ctx`, and of its addon. */
export interface Library {
  ThreadContext: new (traceId: Uint8Array, spanId: Uint8Array, traceFlags: number) => Record;
  getProcessContextAttributes(keys: string[]): { [name: string]: unknown };
  /** Makes the storage the one in which a reader looks for this thread's record. There is room for one. */
  otelThreadCtxStoreAls(storage: object): void;
  /** The identity hash of that storage; 0 without one. */
  otelThreadCtxGetStoredAlsHash(): number;
}

/** Only this file of the profiler: 12 ms and 5 MB instead of 40 ms and 12 MB. The version is pinned. */
const LIBRARY = '@datadog/pprof/out/src/otel-thread-ctx.js';

/** The key under which every copy of the API keeps a context's span. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const TAKEN =
  "stalls will not be children of OpenTelemetry's spans: another library, such as dd-trace with DD_TRACE_OTEL_CTX_ENABLED, " +
  'publishes its own spans in the only place of this process';
/** Of Node.js 22. */
const FLAG = '--experimental-async-context-frame';

export class ThreadContexts {
  /** The attributes of the process context that a reader needs to read thread contexts. */
  readonly processAttributes: { [name: string]: unknown };
  /** Called with the span of each new record, before it becomes active. */
  onNewSpan: (span: Span) => void = () => {};
  /** Called once, with this thread's first span: the application has started its libraries by then. */
  onFirstSpan: (() => void) | undefined;
  readonly #library: Library;
  readonly #warn: (what: string) => void;
  /** The identity hash of our storage; 0 before there is one. */
  #published = 0;
  readonly #records = new AsyncLocalStorage<Record | undefined>();
  readonly #traceId = new Uint8Array(16);
  readonly #spanId = new Uint8Array(8);

  constructor(library: Library, warn: (what: string) => void) {
    this.#library = library;
    this.#warn = warn;
    // Throws where publishing is impossible.
    this.processAttributes = library.getProcessContextAttributes([]);
  }

  static load(warn: (what: string) => void): ThreadContexts | undefined {
    try {
      return new ThreadContexts(loadLibrary(), warn);
    } catch (error) {
      warn(`stalls will not be children of this process's spans: ${because(error)}`);
      return undefined;
    }
  }

  /** Makes our storage the one in which a reader looks. False if another library with the same @datadog/pprof did so before. */
  publish(): boolean {
    if (!this.isOurs()) return false;
    this.#library.otelThreadCtxStoreAls(this.#records);
    this.#published = this.#library.otelThreadCtxGetStoredAlsHash();
    return true;
  }

  /** Whether this thread's place is free, or ours. If not, warns. */
  isOurs(): boolean {
    if (this.#library.otelThreadCtxGetStoredAlsHash() === this.#published) return true;
    this.#warn(TAKEN);
    return false;
  }

  /** Calls with the span of `context`, or none, as the thread's context, and then restores the previous one. */
  within<Args extends unknown[], T>(context: Context, call: (...args: Args) => T, ...args: Args): T {
    return this.#records.run(this.#recordOf(context), call, ...args);
  }

  /** Makes the span of `context` the thread's context until the returned function is called. */
  enter(context: Context): () => void {
    const before = this.#records.getStore();
    this.#records.enterWith(this.#recordOf(context));
    return () => this.#records.enterWith(before);
  }

  #recordOf(context: Context): Record | undefined {
    try {
      const span = context.getValue(SPAN) as Span | undefined;
      if (span === undefined) return undefined;
      const spanContext = span.spanContext();
      const kept = Kept.of<Record | null | undefined>(spanContext);
      if (kept !== undefined) return kept ?? undefined;
      const record = this.#create(spanContext);
      Kept.keep(spanContext, record);
      this.onNewSpan(span);
      this.#first();
      return record ?? undefined;
    } catch {
      // The span's implementation is unknown and may throw. The application goes on; a reader sees no span.
      return undefined;
    }
  }

  #first(): void {
    const call = this.onFirstSpan;
    this.onFirstSpan = undefined;
    call?.();
  }

  #create({ traceId, spanId, traceFlags }: SpanContext): Record | null {
    if (!parseHex(traceId, this.#traceId) || !parseHex(spanId, this.#spanId)) return null;
    return new this.#library.ThreadContext(this.#traceId, this.#spanId, traceFlags & 0xff);
  }
}

function loadLibrary(): Library {
  const ours = createRequire(import.meta.url);
  const library = ours(LIBRARY);
  const folder = dirname(ours.resolve('@datadog/pprof/package.json'));
  const addon = createRequire(ours.resolve(LIBRARY))('node-gyp-build')(folder);
  return { ...library, ...addon };
}

function because(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND')
    return 'an optional package is missing (install it: npm install @datadog/pprof@5.20.0)';
  // The library's own words also advise NODE_OPTIONS, which other versions may read.
  if (String(message).includes(`needs ${FLAG}`))
    return `Node.js 22 needs node ${FLAG}. Newer versions need no flag, and with this one, also in NODE_OPTIONS, they do not start`;
  return String(message).split('\n')[0]!.replace(/\.$/, '');
}
