// SPDX-License-Identifier: Apache-2.0
import { CONTEXT, PUBLISHER, PUBLISHER_SIZE, TLS, TLS_PLACE, TLS_PLACE_SIZE } from '../../abi.generated.ts';
import { type ProcStat, readStat, TICK_NS } from '../../procfs/stat.ts';
import type { Located } from '../protocol.ts';
import { locateThreadContexts, type Places } from './locator.ts';
import type { TlsLocation } from './tls/locate.ts';

export function locatePublisher(pid: number, procfs = '/proc'): Located {
  const folder = `${procfs}/${pid}`;
  const stat = readStat(folder);
  if (stat === undefined) return { reason: 'gone' };
  const found = locateThreadContexts(pid, procfs);
  if ('reason' in found) return found;
  // An exec in between would mix two executables.
  const after = readStat(folder);
  if (after?.startedNs !== stat.startedNs || after.startStack !== stat.startStack) return { reason: 'gone' };
  return { publisher: publisherBytes(stat, found), keys: found.keys.map((key) => (key.length > MAX_KEY ? '' : key)) };
}

/** A longer name is left out; its index stays. */
const MAX_KEY = 255;
/** A process has one place or two. The BPF programs read those that fit, in this order, and take the first valid span. */
const MAX_PLACES = PUBLISHER.places.size / TLS_PLACE_SIZE;

function publisherBytes(stat: ProcStat, { v1, nodejs }: Places): Buffer {
  const bytes = Buffer.alloc(PUBLISHER_SIZE);
  bytes.writeBigUInt64LE(stat.startedNs / TICK_NS, PUBLISHER.started.offset);
  bytes.writeBigUInt64LE(stat.startStack, PUBLISHER.startStack.offset);
  const places = [
    ...v1.map((location) => ({ location, source: CONTEXT.THREAD })),
    ...nodejs.map((location) => ({ location, source: CONTEXT.NODEJS })),
  ];
  for (const [i, { location, source }] of places.slice(0, MAX_PLACES).entries()) {
    writePlace(bytes.subarray(PUBLISHER.places.offset + i * TLS_PLACE_SIZE), location, source);
  }
  return bytes;
}

function writePlace(bytes: Buffer, location: TlsLocation, source: number): void {
  const dynamic = location.kind === 'dynamic';
  const kind = !dynamic ? TLS.STATIC : location.libc === 'glibc' ? TLS.DYNAMIC_GLIBC : TLS.DYNAMIC_MUSL;
  bytes.writeBigInt64LE(location.offset, TLS_PLACE.offset.offset);
  bytes.writeBigUInt64LE(dynamic ? location.module : 0n, TLS_PLACE.module.offset);
  bytes.writeBigUInt64LE(dynamic ? location.generation : 0n, TLS_PLACE.generation.offset);
  bytes.writeUInt32LE(kind, TLS_PLACE.kind.offset);
  bytes.writeUInt32LE(source, TLS_PLACE.source.offset);
}
