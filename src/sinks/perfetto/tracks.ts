// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { CompactionEvent } from '../../event/event.ts';
import { Lru } from '../../lru.ts';
import { printable } from '../../terminal.ts';

/** A row of the viewer. Rows of one name below one parent are shown as one. */
export interface Track {
  uuid: number;
  name: string;
  parent?: Track;
  process?: { pid: number };
  thread?: { pid: number; tid: number };
  unit?: string;
}

/** What a number of a process fits into: int32. */
const MAX_PID = 0x7fff_ffff;
const MAX_UUIDS = 16_384;
const UUID_BYTES = 6;
const uuids = new Lru<string, number>(MAX_UUIDS);

/** A number for a key, the same in each run: a number of 48 bits is exact. */
export const uuidOf = (key: string): number =>
  uuids.getOrMake(key, () => createHash('sha256').update(key).digest().readUIntBE(0, UUID_BYTES));

function track(key: string, name: string, more: Omit<Track, 'uuid' | 'name'> = {}): Track {
  return { uuid: uuidOf(key), name: printable(name), ...more };
}

/** A track like another one, for a slice that overlaps those on it. */
export const beside = (one: Track, lane: number | string): Track =>
  lane === 0 ? one : track(`${one.uuid} ${lane}`, one.name, { parent: one.thread ? one : one.parent! });

const isPid = (pid: number) => pid > 0 && pid <= MAX_PID;

/** The thread, below its process. Processes are named after their service, or else their program. */
export function threadTrack({ pid, tid, comm, resource, executable }: CompactionEvent): Track {
  const service = resource?.['service.name'];
  const name = typeof service === 'string' ? service : (executable ?? comm);
  if (!isPid(pid) || !isPid(tid)) {
    const outside = track('processes without a number', 'outside of the PID namespace');
    return track(`without a number ${comm}`, comm, { parent: outside });
  }
  const process = track(`process ${pid}`, name, { process: { pid } });
  return track(`thread ${pid} ${tid}`, comm, { parent: process, thread: { pid, tid } });
}

const nodeTrack = (node: number) => track(`node ${node}`, `node ${node}`);

export const zoneTrack = ({ node, zone }: CompactionEvent): Track =>
  track(`zone ${node} ${zone}`, `zone ${zone}`, { parent: nodeTrack(node) });

export const blocksTrack = ({ node, zone }: CompactionEvent, order: number): Track =>
  track(`blocks ${node} ${zone} ${order}`, `zone ${zone}: free blocks of order ${order}`, {
    parent: nodeTrack(node),
    unit: 'blocks',
  });

export const notRecordedTrack = (): Track =>
  track('not recorded', 'compactions not recorded', { parent: track('compactstall', 'compactstall') });
