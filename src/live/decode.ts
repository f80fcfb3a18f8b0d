// SPDX-License-Identifier: Apache-2.0
import { hash, randomFillSync } from 'node:crypto';
import {
  CONTEXT,
  EVENT,
  PROCESS_EVENT,
  PROCESS_EVENT_KIND,
  PROCESS_EVENT_SIZE,
  STACK_OMITTED,
  TRACE_CONTEXT,
  TRIGGER,
  ZONE_STATE,
} from '../abi.generated.ts';
import type { RawAttributes } from '../enrich/context-registry.ts';
import type { Batch } from '../enrich/enricher.ts';
import type { Program } from '../enrich/match.ts';
import type {
  CompactionEvent,
  ContextSource,
  EventHost,
  StackOmission,
  TraceContext,
  Trigger,
  ZoneState,
} from '../event/event.ts';
import { type RelationWanted, relationOf } from '../event/relation.ts';
import type { EpochClock } from '../kernel/clock.ts';
import { fragmentationIndex } from '../kernel/fragmentation.ts';
import type { KernelNames } from '../kernel/names.ts';
import { parseSpanAttributes } from './span-attributes.ts';
import type { Stacks } from './stacks.ts';

export const TRIGGER_NAMES: ReadonlyMap<number, Trigger> = new Map<number, Trigger>(
  Object.entries(TRIGGER).map(([name, value]) => [value, name.toLowerCase() as Trigger]),
);
const SOURCES = new Map<number, ContextSource>([
  [CONTEXT.THREAD, 'thread'],
  [CONTEXT.NODEJS, 'nodejs'],
  [CONTEXT.OBI, 'obi'],
]);
const OMISSIONS = new Map<number, StackOmission>([
  [STACK_OMITTED.BUDGET, 'budget'],
  [STACK_OMITTED.MIN_DURATION, 'min_duration'],
  [STACK_OMITTED.FAILED, 'failed'],
]);
/** Bytes in front of each record: u32 length, u32 zero. */
const FRAME = 8;
const MAX_ORDERS = ZONE_STATE.freeBlocks.size / 4;

export interface DecoderParts {
  names: KernelNames;
  stacks: Stacks;
  clock: EpochClock;
  /** How stalls relate to the spans in which they happened. */
  context: RelationWanted;
  /** The host of the events; absent where they need none. */
  host?: EventHost | undefined;
  /**
   * For records that may be read again by the next agent: makes ids from the record and this, so that they are the same again.
   * Random ids without it.
   */
  idSeed?: string | undefined;
}

/** A batch of records: what the enricher takes, and how many records could not be decoded. */
export interface Decoded extends Batch {
  /** Whether processes started programs. */
  starts: boolean;
  /** Records of compactions, counted as they are framed. */
  received: number;
  /** Records that are not of this ABI. */
  malformed: number;
}

/** Bytes of a ring-buffer record (struct event of bpf/event.h) to a CompactionEvent. */
export class Decoder {
  readonly #names: KernelNames;
  readonly #stacks: Stacks;
  readonly #clock: EpochClock;
  readonly #context: RelationWanted;
  readonly #host: EventHost | undefined;
  readonly #idSeed: string | undefined;

  constructor(parts: DecoderParts) {
    this.#names = parts.names;
    this.#stacks = parts.stacks;
    this.#clock = parts.clock;
    this.#context = parts.context;
    this.#host = parts.host;
    this.#idSeed = parts.idSeed;
  }

  /**
   * @param batch records, each framed as u32 length, u32 zero, bytes padded to 8
   * @returns events in order, without the identity of the stalled processes
   */
  decode(batch: Buffer): Decoded {
    this.#clock.measure();
    this.#stacks.refresh();
    const events: CompactionEvent[] = [];
    const beganNs: bigint[] = [];
    const programs: Program[] = [];
    const attributes: (RawAttributes | undefined)[] = [];
    let starts = false;
    const published: number[] = [];
    let received = 0;
    let malformed = 0;
    for (let at = 0; at < batch.length; ) {
      const length = at + FRAME <= batch.length ? batch.readUInt32LE(at) : Number.POSITIVE_INFINITY;
      const start = at + FRAME;
      at = start + Math.ceil(length / 8) * 8;
      if (length === PROCESS_EVENT_SIZE && start + length <= batch.length) {
        const kind = batch.readUInt32LE(start + PROCESS_EVENT.kind.offset);
        if (kind === PROCESS_EVENT_KIND.STARTS) starts = true;
        else published.push(batch.readUInt32LE(start + PROCESS_EVENT.pid.offset));
        continue;
      }
      received += 1;
      // A length beyond the end of the batch is malformed: the rest counts as one record.
      const record = batch.subarray(start, start + length);
      const event = start + length <= batch.length ? this.#event(record) : undefined;
      if (event) {
        events.push(event);
        beganNs.push(this.#clock.toBoottimeNs(record.readBigUInt64LE(EVENT.beginNs.offset)));
        programs.push(programOf(record));
        const size = attributesSizeOf(record);
        attributes.push(size > 0 ? parseSpanAttributes(record.subarray(record.length - size)) : undefined);
      } else malformed += 1;
    }
    return { events, beganNs, programs, attributes, received, malformed, starts, published };
  }

  #event(record: Buffer): CompactionEvent | undefined {
    if (record.length < EVENT.stack.offset) return undefined;
    const trigger = TRIGGER_NAMES.get(u32(record, EVENT.trigger));
    const orders = record.readUInt8(EVENT.orders.offset);
    const stackSize = record.length - EVENT.stack.offset - attributesSizeOf(record);
    const stackFits =
      stackSize === u32(record, EVENT.stackSize) && stackSize % 8 === 0 && stackSize <= EVENT.stack.size;
    const ownFrames = record.readUInt16LE(EVENT.ownFrames.offset) * 8;
    if (!trigger || orders > MAX_ORDERS || !stackFits || ownFrames > stackSize || !hasPossibleNumbers(record)) {
      return undefined;
    }

    const tid = u32(record, EVENT.tid);
    const order = s32(record, EVENT.order);
    const priority = s32(record, EVENT.priority);
    const attemptNs = decimal(record, EVENT.attemptNs);
    const ids = this.#idSeed === undefined ? randomIds() : idsOf(record, this.#idSeed);
    const stackOmitted = OMISSIONS.get(record.readUInt8(EVENT.stackOmitted.offset));
    const context = this.#traceContext(record);
    const event: CompactionEvent = {
      v: 1,
      startUnixNano: this.#clock.toEpochNs(record.readBigUInt64LE(EVENT.beginNs.offset)).toString(),
      durationNano: number(record, EVENT.durationNs.offset),
      trigger,
      pid: u32(record, EVENT.pid),
      tid,
      comm: text(record, EVENT.comm),
      cpu: u32(record, EVENT.cpu),
      cgroupId: decimal(record, EVENT.cgroupId),
      node: s32(record, EVENT.node),
      zone: text(record, EVENT.zone) || this.#names.zone(u32(record, EVENT.zoneIndex)),
      zoneIndex: u32(record, EVENT.zoneIndex),
      order,
      mode: this.#names.mode(u32(record, EVENT.mode)),
      status: this.#names.status(u32(record, EVENT.status)),
      gfp: this.#names.gfp(u32(record, EVENT.gfp)),
      watermark: {
        min: number(record, EVENT.watermarkMin.offset),
        low: number(record, EVENT.watermarkLow.offset),
        high: number(record, EVENT.watermarkHigh.offset),
      },
      begin: zoneState(record, EVENT.begin.offset, orders, order),
      end: zoneState(record, EVENT.end.offset, orders, order),
      scanned: {
        migrate: number(record, EVENT.migrateScanned.offset),
        free: number(record, EVENT.freeScanned.offset),
      },
      stack: this.#stacks.name(record.subarray(EVENT.stack.offset + ownFrames, EVENT.stack.offset + stackSize)),
      // Only a child joins the application's trace.
      traceId: context?.relation === 'child' ? context.traceId : ids.slice(0, 32),
      spanId: ids.slice(32),
    };
    // Not by spreading: that takes as long as all the rest, and gives each event a separate shape.
    if (priority >= 0) event.priority = this.#names.priority(priority);
    if (attemptNs !== '0') event.attempt = `${tid}-${attemptNs}`;
    if (stackOmitted) event.stackOmitted = stackOmitted;
    if (context) event.context = context;
    if (this.#host) event.host = this.#host;
    return event;
  }

  #traceContext(record: Buffer): TraceContext | undefined {
    const source = SOURCES.get(record[EVENT.context.offset + TRACE_CONTEXT.source.offset]!);
    if (source === undefined) return undefined;
    const bytes = record.subarray(EVENT.context.offset);
    const hex = ({ offset, size }: { offset: number; size: number }) => bytes.toString('hex', offset, offset + size);
    const flags = bytes.readUInt8(TRACE_CONTEXT.flags.offset);
    const traceId = hex(TRACE_CONTEXT.traceId);
    const spanId = hex(TRACE_CONTEXT.spanId);
    // Ids of zeros are none (W3C Trace Context).
    if (NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
    return {
      source,
      traceId,
      spanId,
      flags,
      relation: relationOf({ source, flags }, this.#context),
    };
  }
}

const NO_ID = /^0+$/;

/** The numbers of 64 bits that an event has as numbers. */
const NUMBERS = [
  EVENT.durationNs.offset,
  EVENT.watermarkMin.offset,
  EVENT.watermarkLow.offset,
  EVENT.watermarkHigh.offset,
  EVENT.migrateScanned.offset,
  EVENT.freeScanned.offset,
  EVENT.begin.offset + ZONE_STATE.freePages.offset,
  EVENT.end.offset + ZONE_STATE.freePages.offset,
];

/**
 * Whether its numbers can be in an event: all below 2^53, and a begin within 146 years after the boot, so that it is a time of the
 * kernel's since the epoch as well. Looks at upper halves only.
 */
function hasPossibleNumbers(record: Buffer): boolean {
  if (record.readUInt32LE(EVENT.beginNs.offset + 4) >= 2 ** 30) return false;
  for (const at of NUMBERS) if (record.readUInt32LE(at + 4) >= 2 ** 21) return false;
  return true;
}

/** Of the active span; they follow the stack. */
const attributesSizeOf = (record: Buffer) =>
  record.readUInt16LE(EVENT.context.offset + TRACE_CONTEXT.attributesSize.offset);

const programOf = (record: Buffer): Program => ({
  startTicks: record.readUInt32LE(EVENT.started.offset),
  startStack: record.readBigUInt64LE(EVENT.startStack.offset),
  forkedFrom: record.readUInt32LE(EVENT.forkedFrom.offset),
});

interface Field {
  offset: number;
}
const u32 = (record: Buffer, { offset }: Field) => record.readUInt32LE(offset);
const s32 = (record: Buffer, { offset }: Field) => record.readInt32LE(offset);

/** A number of 64 bits; exact below 2^53. A BigInt would be an object for each. */
const number = (record: Buffer, at: number): number => record.readUInt32LE(at) + record.readUInt32LE(at + 4) * 2 ** 32;

/** A number of 64 bits in decimal digits. */
function decimal(record: Buffer, { offset }: Field): string {
  const value = number(record, offset);
  return String(Number.isSafeInteger(value) ? value : record.readBigUInt64LE(offset));
}

function zoneState(record: Buffer, at: number, orders: number, order: number): ZoneState {
  const blocks: number[] = [];
  for (let i = 0; i < orders; i++) blocks.push(record.readUInt32LE(at + ZONE_STATE.freeBlocks.offset + i * 4));
  return {
    free: number(record, at + ZONE_STATE.freePages.offset),
    index: fragmentationIndex(blocks, order),
    blocks,
  };
}

/** The texts that were last read, by a hash of 8 bits. */
const texts = Array.from({ length: 256 }, () => ({ words: [0, 0, 0, 0], text: '' }));

/** A NUL-terminated field of 16 bytes. There are few different ones, and a new string takes 0.2 us. */
function text(record: Buffer, { offset, size }: { offset: number; size: 16 }): string {
  const a = record.readUInt32LE(offset);
  const b = record.readUInt32LE(offset + 4);
  const c = record.readUInt32LE(offset + 8);
  const d = record.readUInt32LE(offset + 12);
  const known = texts[Math.imul(a ^ b ^ c ^ d, 0x9e3779b1) >>> 24]!;
  const { words } = known;
  if (words[0] === a && words[1] === b && words[2] === c && words[3] === d) return known.text;
  const end = record.indexOf(0, offset);
  known.words = [a, b, c, d];
  known.text = record.toString('utf8', offset, end < 0 ? offset + size : Math.min(end, offset + size));
  return known.text;
}

const ID_BYTES = 24;
const randomness = Buffer.alloc(ID_BYTES * 256);
let randomAt = randomness.length;

/** The same record always gets the same ids. No other record of this boot has its thread and begin. */
const idsOf = (record: Buffer, seed: string) =>
  hash('sha256', Buffer.concat([Buffer.from(seed), record])).slice(0, ID_BYTES * 2);

/** A trace id and a span id, 48 hex digits; never all zeros in practice (2^-64). */
function randomIds(): string {
  if (randomAt === randomness.length) {
    randomFillSync(randomness);
    randomAt = 0;
  }
  randomAt += ID_BYTES;
  return randomness.toString('hex', randomAt - ID_BYTES, randomAt);
}
