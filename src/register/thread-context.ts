// SPDX-License-Identifier: Apache-2.0
// Thread context (OTEP 4947), the part of Node.js: one record for each span. A reader finds it through V8's
// continuation-preserved data, whose place @datadog/pprof knows.
import { createRequire } from 'node:module';
import type { Context, Span, SpanContext } from '@opentelemetry/api';

interface ThreadContext {
  run<T>(call: () => T): T;
  enter(): void;
}

/** A part of the exports of `otel-thread-ctx`. */
interface Library {
  ThreadContext: new (traceId: Uint8Array, spanId: Uint8Array, traceFlags: number) => ThreadContext;
  getContext(): ThreadContext | undefined;
  clearContext(): void;
  getProcessContextAttributes(keys: string[]): { [name: string]: unknown };
}

/** Only this file of the profiler: 12 ms and 5 MB instead of 40 ms and 12 MB. The version is pinned. */
const LIBRARY = '@datadog/pprof/out/src/otel-thread-ctx.js';

/** The key under which every copy of the API keeps a context's span. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const ZEROS = /^0+$/;
/** Of Node.js 22. */
const FLAG = '--experimental-async-context-frame';

export class ThreadContexts {
  /** The attributes of the process context that a reader needs to read thread contexts. */
  readonly processAttributes: { [name: string]: unknown };
  /** Called with the first span of each span context, before it becomes active. */
  onNewSpan: (span: Span) => void = () => {};
  #library: Library;
  /** One record for each span; null for one without valid ids. */
  #records = new WeakMap<SpanContext, ThreadContext | null>();
  #traceId = Buffer.alloc(16);
  #spanId = Buffer.alloc(8);

  constructor(library: Library) {
    this.#library = library;
    // Throws where publishing is impossible.
    this.processAttributes = library.getProcessContextAttributes([]);
  }

  static load(warn: (what: string) => void): ThreadContexts | undefined {
    try {
      return new ThreadContexts(createRequire(import.meta.url)(LIBRARY));
    } catch (error) {
      warn(`stalls will not be children of this process's spans: ${because(error)}`);
      return undefined;
    }
  }

  /** Calls with the span of `context`, or none, as the thread's context, and then restores the previous one. */
  within<T>(context: Context, call: () => T): T {
    const record = this.#recordOf(context);
    const before = this.#library.getContext();
    if (record === before) return call();
    if (record !== undefined) return record.run(call);
    this.#library.clearContext();
    try {
      return call();
    } finally {
      before?.enter();
    }
  }

  /** Makes the span of `context` the thread's context until the returned function is called. */
  enter(context: Context): () => void {
    const before = this.#library.getContext();
    this.#set(this.#recordOf(context));
    return () => this.#set(before);
  }

  #set(record: ThreadContext | undefined): void {
    if (record !== undefined) record.enter();
    else this.#library.clearContext();
  }

  #recordOf(context: Context): ThreadContext | undefined {
    try {
      const span = context.getValue(SPAN) as Span | undefined;
      const spanContext = span?.spanContext();
      if (spanContext === undefined) return undefined;
      let record = this.#records.get(spanContext);
      if (record === undefined) {
        record = this.#create(spanContext);
        this.#records.set(spanContext, record);
        this.onNewSpan(span!);
      }
      return record ?? undefined;
    } catch {
      // The span's implementation is unknown and may throw. The application goes on; a reader sees no span.
      return undefined;
    }
  }

  #create({ traceId, spanId, traceFlags }: SpanContext): ThreadContext | null {
    // write() stops at the first character that is not hex.
    const whole = this.#traceId.write(traceId, 'hex') === 16 && this.#spanId.write(spanId, 'hex') === 8;
    if (!whole || ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
    return new this.#library.ThreadContext(this.#traceId, this.#spanId, traceFlags & 0xff);
  }
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
