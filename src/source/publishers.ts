// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import type { BpfObject } from 'bpf-loader-native';
import { PUBLISHER, PUBLISHER_SIZE, TLS, TLS_PLACE } from '../abi.generated.ts';
import { locateThreadContexts } from '../process/thread-context.ts';
import type { TlsLocation } from '../process/tls.ts';

/** After it got a new program, a process starts up, and publishes somewhen: it is looked at after so long, and again. */
const LOOKS_MS = [200, 2000, 15_000];
/** A stalled process without a context is looked at again, but not more often: it may have loaded a library. */
const STALLED_MS = 1000;
/** A look takes up to a millisecond, so a host where processes come and go by the thousand must not mean as many of them. */
const TICK_MS = 100;
const LOOKS_PER_TICK = 4;
/** Processes that wait for a look; beyond that the oldest is left until it stalls. */
const MOST_WAITING = 1024;
/** Places in the map; see bpf/context.h. */
const MOST = 4096;

/** Tells one life of one program apart from others with the same pid, as the kernel can do it, too. */
interface Identity {
  /** Hundredths of a second since boot. */
  started: bigint;
  startStack: bigint;
}

interface Known extends Identity {
  lookedAt: number;
  publishes: boolean;
}

/** Finds the processes that publish trace contexts, and tells the BPF programs where their threads have them. */
export class Publishers {
  readonly #object: BpfObject;
  readonly #known = new Map<number, Known>();
  /** When to look at a process, and how many looks follow. */
  readonly #waiting = new Map<number, { due: number; left: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(object: BpfObject) {
    this.#object = object;
  }

  /** Looks at every process there is, little by little. */
  lookAtAll(): void {
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) this.#wait(Number(name), 0, 0);
  }

  /** A process has a new program. */
  started(pid: number): void {
    this.#wait(pid, LOOKS_MS[0]!, LOOKS_MS.length - 1);
  }

  /** A process stalled, and no context was found for it. */
  stalled(pid: number): void {
    const known = this.#known.get(pid);
    if (!known || performance.now() - known.lookedAt >= STALLED_MS) this.#wait(pid, 0, 0);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(pid: number, delayMs: number, left: number): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MOST_WAITING) this.#waiting.delete(oldest!);
    this.#waiting.set(pid, { due: performance.now() + delayMs, left });
    this.#timer ??= setTimeout(() => this.#tick(), Math.min(delayMs, TICK_MS)).unref();
  }

  #tick(): void {
    let looks = 0;
    const now = performance.now();
    for (const [pid, { due, left }] of this.#waiting) {
      if (due > now) continue;
      this.#waiting.delete(pid);
      this.#look(pid);
      const known = this.#known.get(pid);
      if (known && !known.publishes && left > 0) this.#wait(pid, LOOKS_MS[LOOKS_MS.length - left]!, left - 1);
      if (++looks === LOOKS_PER_TICK) break;
    }
    this.#timer = this.#waiting.size === 0 ? undefined : setTimeout(() => this.#tick(), TICK_MS).unref();
  }

  #look(pid: number): void {
    const identity = identityOf(pid);
    if (!identity) {
      this.#forget(pid);
      return;
    }
    const { v1, nodejs } = locateThreadContexts(pid);
    // An exec meanwhile would have mixed two programs.
    const still = identityOf(pid);
    const publishes = (v1 !== undefined || nodejs !== undefined) && still?.startStack === identity.startStack;
    if (publishes) this.#tell(pid, identity, v1, nodejs);
    this.#known.set(pid, { ...identity, lookedAt: performance.now(), publishes });
    if (this.#known.size > MOST) this.#forgetTheGone();
  }

  #tell(pid: number, { started, startStack }: Identity, v1: TlsLocation | undefined, nodejs: TlsLocation | undefined) {
    const value = Buffer.alloc(PUBLISHER_SIZE);
    value.writeBigUInt64LE(started, PUBLISHER.started.offset);
    value.writeBigUInt64LE(startStack, PUBLISHER.startStack.offset);
    if (v1) writePlace(value.subarray(PUBLISHER.thread.offset), v1);
    if (nodejs) writePlace(value.subarray(PUBLISHER.nodejs.offset), nodejs);
    this.#object.updateMap('publishers', key(pid), value);
  }

  #forget(pid: number): void {
    if (this.#known.get(pid)?.publishes) this.#object.deleteFromMap('publishers', key(pid));
    this.#known.delete(pid);
  }

  #forgetTheGone(): void {
    for (const [pid, known] of this.#known) if (identityOf(pid)?.started !== known.started) this.#forget(pid);
  }
}

function key(pid: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(pid);
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

/** Fields 22 and 28 of /proc/PID/stat. The second is 0 without the right to trace it. undefined when it has ended. */
function identityOf(pid: number): Identity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { started: BigInt(fields[19]!), startStack: BigInt(fields[25]!) };
  } catch {
    return undefined;
  }
}
