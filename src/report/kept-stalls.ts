// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../event/event.ts';
import type { ResourceAttributes } from '../protobuf/attribute.ts';
import type { KeptStall, ReportData } from './data.ts';

/** Different values, each with a number. */
class Table<T> {
  readonly rows: T[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #keyOf: (row: T) => string;

  constructor(keyOf: (row: T) => string) {
    this.#keyOf = keyOf;
  }

  numberOf(row: T): number {
    const key = this.#keyOf(row);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.rows.length);
    return this.rows.push(row) - 1;
  }
}

/** The tables of a report, as they are made. */
export class Tables {
  readonly #frames = new Table<string>((frame) => frame);
  readonly #stacks = new Table<number[]>((stack) => stack.join());
  readonly #resources = new Table<ResourceAttributes>(JSON.stringify);

  /** -1 for none. */
  stackOf(stack: readonly string[]): number {
    if (stack.length === 0) return -1;
    return this.#stacks.numberOf(stack.map((frame) => this.#frames.numberOf(frame)));
  }

  /** @param host its number */
  kept({ v: _v, kind: _kind, stack, resource, host: _host, ...event }: CompactionEvent, host?: number): KeptStall {
    return {
      ...event,
      stack: this.stackOf(stack),
      ...(resource && { resource: this.#resources.numberOf(resource) }),
      ...(host !== undefined && { host }),
    };
  }

  report(): Pick<ReportData, 'frames' | 'stackTable' | 'resources'> {
    return {
      frames: this.#frames.rows,
      stackTable: this.#stacks.rows,
      resources: this.#resources.rows,
    };
  }
}

/** The way back: the stacks of a report by their numbers. */
export const stacksOf = ({ frames, stackTable }: ReportData): string[][] =>
  stackTable.map((numbers) => numbers.map((number) => frames[number]!));

/** The way back: the stalls of a report as events. */
export function eventsOf(data: ReportData): CompactionEvent[] {
  const stacks = stacksOf(data);
  return data.stalls.map(({ stack, resource, host, ...event }) => ({
    v: 1,
    ...event,
    ...(host !== undefined && { host: data.hosts[host]! }),
    ...(resource !== undefined && { resource: data.resources[resource]! }),
    stack: stacks[stack] ?? [],
  }));
}
