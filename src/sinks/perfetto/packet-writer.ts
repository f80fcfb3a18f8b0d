// SPDX-License-Identifier: Apache-2.0
import { ProtobufWriter } from '../../protobuf/writer.ts';
import type { Words } from '../nanos.ts';
import {
  ANNOTATION,
  CLOCK,
  CLOCK_SNAPSHOT,
  COUNTER,
  COUNTER_VALUE,
  PACKET,
  PROCESS,
  REALTIME,
  SLICE_BEGIN,
  SLICE_END,
  STATE_CLEARED,
  THREAD,
  TRACE_PACKET,
  TRACK_DESCRIPTOR,
  TRACK_EVENT,
} from './tags.ts';
import type { Track } from './tracks.ts';

const CAPACITY = 64 * 1024;
/** Who writes in a trace: here there is one for each host. */
const SEQUENCE = 1;

export type Argument = readonly [name: string, value: string | number | readonly number[], isDouble?: boolean];

export interface SliceBegin {
  track: Track;
  at: Words;
  name: string;
  category: string;
  arguments: readonly Argument[];
  /** Arrows go from slice to slice with the same number. */
  flows: readonly Words[];
}

/** Writes packets of a Perfetto trace, one after the other. Each is complete by itself. */
export class PacketWriter {
  /** `machine_id` of the next packets; 0 is none. */
  machine = 0;
  readonly #out = new ProtobufWriter(CAPACITY);

  /** A copy of all packets since the last call. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.#out.written());
    this.#out.length = 0;
    return bytes;
  }

  /** Names the clock of the timestamps: without it a reader assumes another one. */
  clock(now: Words): void {
    const out = this.#out;
    this.#packet(() => {
      out.varint(TRACE_PACKET.sequenceFlags);
      out.varint(STATE_CLEARED);
      this.#message(TRACE_PACKET.clockSnapshot, () => {
        this.#message(CLOCK_SNAPSHOT.clock, () => {
          out.varint(CLOCK.id);
          out.varint(REALTIME);
          out.varint(CLOCK.timestamp);
          out.varint64(...now);
        });
        out.varint(CLOCK_SNAPSHOT.primary);
        out.varint(REALTIME);
      });
    });
  }

  descriptor({ uuid, name, parent, process, thread, unit }: Track): void {
    const out = this.#out;
    this.#packet(() =>
      this.#message(TRACE_PACKET.trackDescriptor, () => {
        out.varint(TRACK_DESCRIPTOR.uuid);
        out.varint(uuid);
        if (process) this.#process(process.pid, name);
        else if (thread) this.#thread(thread, name);
        else this.#string(TRACK_DESCRIPTOR.name, name);
        // A thread's parent is its process, by the number.
        if (parent && !thread) {
          out.varint(TRACK_DESCRIPTOR.parent);
          out.varint(parent.uuid);
        }
        if (unit !== undefined) this.#message(TRACK_DESCRIPTOR.counter, () => this.#string(COUNTER.unitName, unit));
      }),
    );
  }

  sliceBegin({ track, at, name, category, arguments: all, flows }: SliceBegin): void {
    this.#event(SLICE_BEGIN, track, at, () => {
      this.#string(TRACK_EVENT.category, category);
      this.#string(TRACK_EVENT.name, name);
      for (const argument of all) this.#annotation(argument);
      for (const flow of flows) {
        this.#out.varint(TRACK_EVENT.flow);
        this.#out.fixed64(...flow);
      }
    });
  }

  sliceEnd(track: Track, at: Words): void {
    this.#event(SLICE_END, track, at, () => {});
  }

  /** In a separate packet: Perfetto drops a slice that has more than eight counters. */
  counter(track: Track, at: Words, value: number): void {
    this.#event(COUNTER_VALUE, track, at, () => {
      this.#out.varint(TRACK_EVENT.counterValue);
      this.#out.varint(value);
    });
  }

  #event(type: number, track: Track, [low, high]: Words, more: () => void): void {
    const out = this.#out;
    this.#packet(() => {
      out.varint(TRACE_PACKET.timestamp);
      out.varint64(low >>> 0, high);
      out.varint(TRACE_PACKET.clock);
      out.varint(REALTIME);
      this.#message(TRACE_PACKET.trackEvent, () => {
        out.varint(TRACK_EVENT.type);
        out.varint(type);
        out.varint(TRACK_EVENT.track);
        out.varint(track.uuid);
        more();
      });
    });
  }

  #process(pid: number, name: string): void {
    this.#message(TRACK_DESCRIPTOR.process, () => {
      this.#out.varint(PROCESS.pid);
      this.#out.varint(pid);
      this.#string(PROCESS.name, name);
    });
  }

  #thread({ pid, tid }: { pid: number; tid: number }, name: string): void {
    this.#message(TRACK_DESCRIPTOR.thread, () => {
      this.#out.varint(THREAD.pid);
      this.#out.varint(pid);
      this.#out.varint(THREAD.tid);
      this.#out.varint(tid);
      this.#string(THREAD.name, name);
    });
  }

  #annotation([name, value, isDouble = false]: Argument): void {
    this.#message(TRACK_EVENT.annotation, () => {
      this.#string(ANNOTATION.name, name);
      this.#value(value, isDouble);
    });
  }

  #value(value: Argument[1], isDouble: boolean): void {
    const out = this.#out;
    if (typeof value === 'string') this.#string(ANNOTATION.string, value);
    else if (typeof value !== 'number') {
      for (const one of value) this.#message(ANNOTATION.element, () => this.#value(one, isDouble));
    } else if (isDouble || !Number.isSafeInteger(value)) {
      out.varint(ANNOTATION.double);
      out.double(value);
    } else {
      out.varint(ANNOTATION.int);
      out.varint(value);
    }
  }

  #packet(content: () => void): void {
    this.#message(PACKET, () => {
      this.#out.varint(TRACE_PACKET.sequence);
      this.#out.varint(this.machine || SEQUENCE);
      if (this.machine > 0) {
        this.#out.varint(TRACE_PACKET.machine);
        this.#out.varint(this.machine);
      }
      content();
    });
  }

  #string(tag: number, text: string): void {
    this.#out.varint(tag);
    this.#out.string(text);
  }

  #message(tag: number, content: () => void): void {
    this.#out.varint(tag);
    const start = this.#out.begin();
    content();
    this.#out.end(start);
  }
}
