// SPDX-License-Identifier: Apache-2.0
/** Which stalls filters leave: for the page, and for what is exported of it. */
import type { CompactionEvent, Trigger } from '../event/event.ts';
import type { ResourceAttributes } from '../protobuf/attribute.ts';

/** A stall with what is looked up often. */
export interface Findable {
  trigger: Trigger;
  service: string | undefined;
  /** Seconds since the epoch. */
  from: number;
  to: number;
  /** All that the text filter looks at, in lower case. */
  words: string;
}

export interface Wanted {
  triggers: ReadonlySet<Trigger>;
  /** undefined: all. null: those of which none is known. */
  service: string | null | undefined;
  text: string;
  time: readonly [from: number, to: number];
}

/** Seconds since the epoch, exact to a quarter of a microsecond. */
export const secondsOf = (unixNano: string): number => Number(BigInt(unixNano) / 1000n) / 1e6;

export function findable(
  stall: Omit<CompactionEvent, 'v' | 'kind' | 'stack' | 'resource' | 'host'>,
  frames: readonly string[],
  resource: ResourceAttributes | undefined,
): Findable & { process: string } {
  const name = resource?.['service.name'];
  const service = typeof name === 'string' ? name : undefined;
  const { startUnixNano, durationNano, trigger, executable, comm, container, pid, tid, zone, status, mode, traceId } =
    stall;
  const process = executable ?? comm;
  const from = secondsOf(startUnixNano);
  const words = [service, process, comm, container, pid, tid, zone, status, mode, traceId, ...stall.gfp, ...frames];
  return {
    trigger,
    service,
    process,
    from,
    to: from + durationNano / 1e9,
    words: words
      .filter((word) => word !== undefined)
      .join('\n')
      .toLowerCase(),
  };
}

export const wantsSum = ({ triggers, service: wanted }: Wanted, trigger: Trigger, service: string | undefined) =>
  triggers.has(trigger) && (wanted === undefined || wanted === (service ?? null));

export function isWanted(stall: Findable, wanted: Wanted): boolean {
  const [from, to] = wanted.time;
  return (
    stall.from <= to &&
    stall.to >= from &&
    wantsSum(wanted, stall.trigger, stall.service) &&
    (wanted.text === '' || stall.words.includes(wanted.text.toLowerCase()))
  );
}
