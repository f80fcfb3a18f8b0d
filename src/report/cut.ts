// SPDX-License-Identifier: Apache-2.0
/** Cuts what may have any length in a recording, before a report keeps it. */
import type { CompactionEvent, EventHost, ZoneState } from '../event/event.ts';
import type { AttributeValue, ResourceAttributes } from '../protobuf/attribute.ts';

const MAX_TEXT = 256;
/** BPF takes at most 127. */
const MAX_FRAMES = 128;
const MAX_GFP = 64;
/** Linux has 11. */
const MAX_ORDERS = 20;
const MAX_ATTRIBUTES = 64;

export const cutText = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text);

export const cutBlocks = (blocks: readonly number[]): number[] => blocks.slice(0, MAX_ORDERS);

export function cutStack(stack: readonly string[]): readonly string[] {
  if (stack.length <= MAX_FRAMES && stack.every(({ length }) => length <= MAX_TEXT)) return stack;
  return stack.slice(0, MAX_FRAMES).map(cutText);
}

/** Only the fields that are known, each of bounded size. */
export function cutEvent(event: CompactionEvent): CompactionEvent {
  const { executable, container, resource, host, priority, attempt, stackOmitted, context, watermark, scanned } = event;
  return {
    v: 1,
    startUnixNano: event.startUnixNano,
    durationNano: event.durationNano,
    trigger: event.trigger,
    pid: event.pid,
    tid: event.tid,
    comm: cutText(event.comm),
    ...(executable !== undefined && { executable: cutText(executable) }),
    ...(container !== undefined && { container: cutText(container) }),
    ...(resource && { resource: cutAttributes(resource) }),
    ...(host && { host: cutHost(host) }),
    cpu: event.cpu,
    cgroupId: event.cgroupId,
    node: event.node,
    zone: cutText(event.zone),
    zoneIndex: event.zoneIndex,
    order: event.order,
    mode: cutText(event.mode),
    status: cutText(event.status),
    gfp: event.gfp.slice(0, MAX_GFP).map(cutText),
    ...(priority !== undefined && { priority: cutText(priority) }),
    ...(attempt !== undefined && { attempt: cutText(attempt) }),
    watermark: { min: watermark.min, low: watermark.low, high: watermark.high },
    begin: cutZone(event.begin),
    end: cutZone(event.end),
    scanned: { migrate: scanned.migrate, free: scanned.free },
    stack: cutStack(event.stack),
    ...(stackOmitted && { stackOmitted }),
    ...(context && {
      context: {
        source: context.source,
        traceId: context.traceId,
        spanId: context.spanId,
        flags: context.flags,
        relation: context.relation,
        ...(context.attributes && { attributes: cutAttributes(context.attributes) as { [name: string]: string } }),
      },
    }),
    traceId: event.traceId,
    spanId: event.spanId,
  };
}

export const cutHost = ({ name, id, guessed }: EventHost): EventHost => ({
  ...(name !== undefined && { name: cutText(name) }),
  ...(id !== undefined && { id: cutText(id) }),
  ...(guessed && { guessed: guessed.slice(0, 2) }),
});

const cutZone = ({ free, index, blocks }: ZoneState): ZoneState => ({ free, index, blocks: cutBlocks(blocks) });

const cutAttributes = (attributes: ResourceAttributes): ResourceAttributes =>
  Object.fromEntries(
    Object.entries(attributes)
      .slice(0, MAX_ATTRIBUTES)
      .map(([name, value]) => [cutText(name), cutValue(value)]),
  );

function cutValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'string') return cutText(value);
  if (Array.isArray(value))
    return value.slice(0, MAX_ATTRIBUTES).map((one) => (typeof one === 'string' ? cutText(one) : one));
  return value;
}
