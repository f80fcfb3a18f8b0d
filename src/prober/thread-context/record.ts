// SPDX-License-Identifier: Apache-2.0
import { PUBLISHER, PUBLISHER_SIZE, TLS, TLS_PLACE } from '../../abi.generated.ts';
import { type ProcStat, readStat, TICK_NS } from '../../procfs/stat.ts';
import type { Located } from '../protocol.ts';
import { locateThreadContexts } from './locator.ts';
import type { TlsLocation } from './tls/locate.ts';

export function locatePublisher(pid: number): Located {
  const folder = `/proc/${pid}`;
  const stat = readStat(folder);
  if (stat === undefined) return { reason: 'gone' };
  const { v1, nodejs, reason } = locateThreadContexts(pid);
  if (v1 === undefined && nodejs === undefined) return { reason: reason ?? 'no_symbol' };
  // An exec in between would mix two executables.
  const after = readStat(folder);
  if (after?.startedNs !== stat.startedNs || after.startStack !== stat.startStack) return { reason: 'gone' };
  return { publisher: publisherBytes(stat, v1, nodejs) };
}

function publisherBytes(stat: ProcStat, v1: TlsLocation | undefined, nodejs: TlsLocation | undefined): Buffer {
  const bytes = Buffer.alloc(PUBLISHER_SIZE);
  bytes.writeBigUInt64LE(stat.startedNs / TICK_NS, PUBLISHER.started.offset);
  bytes.writeBigUInt64LE(stat.startStack, PUBLISHER.startStack.offset);
  if (v1) writePlace(bytes.subarray(PUBLISHER.thread.offset), v1);
  if (nodejs) writePlace(bytes.subarray(PUBLISHER.nodejs.offset), nodejs);
  return bytes;
}

function writePlace(bytes: Buffer, location: TlsLocation): void {
  const dynamic = location.kind === 'dynamic';
  const kind = !dynamic ? TLS.STATIC : location.libc === 'glibc' ? TLS.DYNAMIC_GLIBC : TLS.DYNAMIC_MUSL;
  bytes.writeBigInt64LE(location.offset, TLS_PLACE.offset.offset);
  bytes.writeBigUInt64LE(dynamic ? location.module : 0n, TLS_PLACE.module.offset);
  bytes.writeBigUInt64LE(dynamic ? location.generation : 0n, TLS_PLACE.generation.offset);
  bytes.writeUInt32LE(kind, TLS_PLACE.kind.offset);
}
