// SPDX-License-Identifier: Apache-2.0
/** A BPF file system at /sys/fs/bpf, visible in its own mount namespace only, with a map pinned as OBI pins it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { MountNamespace } from './mount-namespace.ts';

export interface Span {
  traceId: string;
  spanId: string;
}

export class PrivateBpffs {
  /** The prefix of a command that runs in the namespace. */
  readonly under: readonly string[];
  /** The file system, from outside. */
  readonly folder: string;

  private constructor({ under, root }: MountNamespace) {
    this.under = under;
    this.folder = `${root}/sys/fs/bpf`;
  }

  static async mount(): Promise<PrivateBpffs> {
    const namespace = await MountNamespace.make();
    namespace.run('mount', '-t', 'bpf', 'bpf', '/sys/fs/bpf');
    return new PrivateBpffs(namespace);
  }
}

/** traces_ctx_v1 of OpenTelemetry eBPF Instrumentation: an LRU hash of pid_tgid to trace id and span id. */
export class ObiMap {
  readonly #path: string;

  constructor({ folder }: { folder: string }, { valueSize = 24 } = {}) {
    mkdirSync(`${folder}/otel`, { recursive: true });
    this.#path = `${folder}/otel/traces_ctx_v1`;
    const shape = `type lru_hash key 8 value ${valueSize} entries 16384 name traces_ctx_v1`;
    execFileSync('bpftool', ['map', 'create', this.#path, ...shape.split(' ')]);
  }

  /** Records that a thread serves a request, as OBI does. */
  set(pid: number, tid: number, { traceId, spanId }: Span): void {
    this.#tell('update', ...keyOf(pid, tid), 'value', ...words(Buffer.from(traceId + spanId, 'hex')));
  }

  /** Removes the entry of a thread that has answered its request. */
  remove(pid: number, tid: number): void {
    this.#tell('delete', ...keyOf(pid, tid));
  }

  #tell(command: string, ...rest: string[]): void {
    execFileSync('bpftool', ['map', command, 'pinned', this.#path, ...rest]);
  }

  /** The number of threads in the map. */
  size(): number {
    return JSON.parse(execFileSync('bpftool', ['-j', 'map', 'dump', 'pinned', this.#path], { encoding: 'utf8' }))
      .length;
  }
}

const words = (bytes: Buffer) => [...bytes].map(String);

function keyOf(pid: number, tid: number): string[] {
  const key = Buffer.alloc(8);
  key.writeUInt32LE(tid, 0);
  key.writeUInt32LE(pid, 4);
  return ['key', ...words(key)];
}
