// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../../event/event.ts';
import { printable } from '../../terminal.ts';
import type { Machine } from './machines.ts';
import { uuidOf } from './uuid.ts';

/** A row of the viewer. Rows of one name below one parent are shown as one. */
export interface Track {
  uuid: number;
  name: string;
  parent?: Track;
  process?: { pid: number };
  thread?: { pid: number; tid: number };
  unit?: string;
}

/** The largest process number that fits: int32. */
const MAX_PID = 0x7fff_ffff;

const isPid = (pid: number) => pid > 0 && pid <= MAX_PID;

/** The rows of one host. */
export class Tracks {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The thread, below its process. Processes are named after their service, or else their program. */
  thread({ pid, tid, comm, resource, executable }: CompactionEvent): Track {
    const service = resource?.['service.name'];
    const name = typeof service === 'string' ? service : (executable ?? comm);
    if (!isPid(pid) || !isPid(tid)) {
      const outside = this.#root('processes without a number', 'outside of the PID namespace');
      return this.#track(`without a number ${comm}`, comm, { parent: outside });
    }
    const process = this.#root(`process ${pid}`, name, { process: { pid } });
    return this.#track(`thread ${pid} ${tid}`, comm, { parent: process, thread: { pid, tid } });
  }

  zone({ node, zone }: CompactionEvent): Track {
    return this.#track(`zone ${node} ${zone}`, `zone ${zone}`, { parent: this.#node(node) });
  }

  blocks({ node, zone }: CompactionEvent, order: number): Track {
    return this.#track(`blocks ${node} ${zone} ${order}`, `zone ${zone}: free blocks of order ${order}`, {
      parent: this.#node(node),
      unit: 'blocks',
    });
  }

  notRecorded(): Track {
    return this.#track('not recorded', 'compactions not recorded', {
      parent: this.#root('compactstall', 'compactstall'),
    });
  }

  /** A track like another one, for a slice that overlaps those on it. */
  beside(one: Track, lane: number | string): Track {
    return lane === 0 ? one : this.#track(`${one.uuid} ${lane}`, one.name, { parent: one.thread ? one : one.parent! });
  }

  #node(node: number): Track {
    return this.#root(`node ${node}`, `node ${node}`);
  }

  #root(key: string, name: string, more: Omit<Track, 'uuid' | 'name'> = {}): Track {
    return this.#track(key, `${name}${this.#machine.suffix}`, more);
  }

  #track(key: string, name: string, more: Omit<Track, 'uuid' | 'name'>): Track {
    return { uuid: uuidOf(`${this.#machine.key}${key}`), name: printable(name), ...more };
  }
}
