// SPDX-License-Identifier: Apache-2.0
import { type AgentEvent, type CompactionEvent, isCompaction, type NotRecordedEvent } from '../../event/event.ts';
import { nanos, nanosLater, type Words } from '../nanos.ts';
import { SPAN_ATTRIBUTES, type SpanAttribute, STACK_ATTRIBUTE } from '../otlp/attributes.ts';
import { NOT_RECORDED_ATTRIBUTES, NOT_RECORDED_SPAN } from '../otlp/not-recorded-attributes.ts';
import type { BatchFormat } from '../text/text-sink.ts';
import { Lanes } from './lanes.ts';
import { type Machine, machines } from './machines.ts';
import { type Argument, PacketWriter, type SliceBegin } from './packet-writer.ts';
import { type Track, Tracks } from './tracks.ts';
import { uuidOf } from './uuid.ts';

/** More orders than any kernel has. */
const MAX_ORDERS = 32;

/**
 * Events as packets of a Perfetto trace. A compaction is a slice of its thread, with everything that is known of it, and one of its zone. Each batch describes its clock and tracks again, so it can be read by itself, wherever a file was cut, renamed or appended to.
 */
export function perfettoPackets(): BatchFormat {
  const lanes = new Lanes();
  const out = new PacketWriter();
  const machineOf = machines();
  return (events) => {
    const writers = new Map<string, EventWriter>();
    const texts = events.map((event) => {
      const machine = machineOf(event.host);
      out.machine = machine.id;
      let write = writers.get(machine.key);
      if (!write) {
        out.clock(nanos(event.startUnixNano));
        write = new EventWriter(out, lanes, machine);
        writers.set(machine.key, write);
      }
      if (isCompaction(event)) write.compaction(event);
      else write.notRecorded(event);
      return out.take();
    });
    return { texts };
  };
}

/** Writes a batch's events of one host. */
class EventWriter {
  readonly #out: PacketWriter;
  readonly #lanes: Lanes;
  readonly #machine: Machine;
  readonly #tracks: Tracks;
  readonly #described = new Set<number>();

  constructor(out: PacketWriter, lanes: Lanes, machine: Machine) {
    this.#out = out;
    this.#lanes = lanes;
    this.#machine = machine;
    this.#tracks = new Tracks(machine);
  }

  compaction(event: CompactionEvent): void {
    const { trigger, node, zone, order, attempt, spanId } = event;
    const ofZone: Words = [Number.parseInt(spanId.slice(8), 16), Number.parseInt(spanId.slice(0, 8), 16)];
    // An attempt goes from zone to zone.
    const flows = attempt === undefined ? [ofZone] : [this.#flowOf(attempt), ofZone];
    const ofThread = { name: `${trigger} ${node}/${zone} order ${order}`, arguments: argumentsOf(event), flows };
    this.#slice(event, this.#tracks.thread(event), { ...ofThread, category: 'compaction' });
    const who: Argument[] = [
      ['thread.name', event.comm],
      ['compaction.status', event.status],
    ];
    const slice = { name: `${trigger} order ${order}`, category: 'zone', arguments: who, flows: [ofZone] };
    const [from, to] = this.#slice(event, this.#tracks.zone(event), slice);
    this.#blocks(event, from, event.begin.blocks);
    this.#blocks(event, to, event.end.blocks);
  }

  notRecorded(event: NotRecordedEvent): void {
    const all = valuesOf(NOT_RECORDED_ATTRIBUTES, event);
    const slice = { name: NOT_RECORDED_SPAN, category: 'not_recorded', arguments: all, flows: [] };
    this.#slice(event, this.#tracks.notRecorded(), slice);
  }

  #slice(
    { startUnixNano, durationNano, spanId }: AgentEvent,
    wanted: Track,
    slice: Omit<SliceBegin, 'track' | 'at'>,
  ): [from: Words, to: Words] {
    const begin = BigInt(startUnixNano);
    const lane = this.#lanes.place(`${wanted.uuid}`, begin, begin + BigInt(durationNano)) ?? spanId;
    const track = this.#tracks.beside(wanted, lane);
    this.#describe(track);
    const from = nanos(startUnixNano);
    const to = nanosLater(...from, durationNano);
    this.#out.sliceBegin({ ...slice, track, at: from });
    this.#out.sliceEnd(track, to);
    return [from, to];
  }

  #blocks(event: CompactionEvent, at: Words, free: readonly number[]): void {
    for (const [order, count] of free.slice(0, MAX_ORDERS).entries()) {
      const track = this.#tracks.blocks(event, order);
      this.#describe(track);
      this.#out.counter(track, at, count);
    }
  }

  #describe(track: Track): void {
    if (this.#described.has(track.uuid)) return;
    this.#described.add(track.uuid);
    if (track.parent) this.#describe(track.parent);
    this.#out.descriptor(track);
  }

  #flowOf(attempt: string): Words {
    const uuid = uuidOf(`${this.#machine.key}attempt ${attempt}`);
    return [uuid >>> 0, Math.floor(uuid / 2 ** 32)];
  }
}

function argumentsOf(event: CompactionEvent): Argument[] {
  const service = event.resource?.['service.name'];
  return [
    ...valuesOf(SPAN_ATTRIBUTES, event),
    ...(typeof service === 'string' ? [['service.name', service] as const] : []),
    ['trace_id', event.traceId],
    ['span_id', event.spanId],
    ...(event.stack.length > 0 ? [[STACK_ATTRIBUTE, event.stack.join('\n')] as const] : []),
  ];
}

/** The attributes of a span, by the same names. */
function valuesOf<E>(attributes: readonly SpanAttribute<E>[], event: E): Argument[] {
  return attributes.flatMap(({ name, type, get }): Argument[] => {
    const value = get(event);
    return value === undefined || value === null || value === '' ? [] : [[name, value, type === 'double']];
  });
}
