// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { BpfError, makeError } from './error.ts';
import { nativePath } from './prebuilt.ts';

export interface NativeLoadOptions {
  object: Uint8Array;
  name: string;
  constants: [string, bigint][];
  programs: readonly string[] | undefined;
  mapSizes: [string, number][];
  pinnedMaps: [string, string][];
  adopt: string;
  btfPath: string;
  verbose: boolean;
}

export interface NativeObject {
  attach(programs: readonly string[] | undefined): void;
  detach(): void;
  pin(folder: string): void;
  attached(): string[];
  updateMap(map: string, key: Uint8Array, value: Uint8Array): void;
  deleteFromMap(map: string, key: Uint8Array): void;
  readMap(map: string): Buffer;
  readVariable(name: string, into: Uint8Array | undefined): Uint8Array;
  writeVariable(name: string, value: bigint): void;
  programStats(): { name: string; runTimeNs: number; runCount: number; recursionMisses: number }[];
  log(): string;
  close(): void;
}

export interface NativeRing {
  drain(maxBytes: number): Buffer | null;
  pendingBytes(): number;
  position(): number;
  release(position: number): void;
  wake(): void;
  ref(): void;
  unref(): void;
  close(): void;
}

/** The exports of build/bpf_loader.node. It converts its arguments without checking them. */
interface Addon {
  setMakeError(make: typeof makeError): void;
  NativeObject: new (options: NativeLoadOptions) => NativeObject;
  NativeRing: new (object: NativeObject, map: string, onReadable: () => void, keep: boolean) => NativeRing;
  NativeRunTimeStats: new () => { close(): void };
  lockFolder(path: string): boolean;
  unreadRecords(path: string, longerThan: number): number;
  giveUpPrivileges(uid?: number, gid?: number): boolean;
  bpfRefusal(): number;
  perfEventOpenRefusal(): number;
  sendDatagram(address: string, text: string): void;
  readClocks(): { monotonicNs: bigint; realtimeNs: bigint; boottimeNs: bigint; uncertaintyNs: number };
}

function load(): Addon {
  try {
    // The relative path is the same from src/ and from dist/.
    const addon = createRequire(import.meta.url)(
      nativePath(new URL('../', import.meta.url), 'bpf_loader.node'),
    ) as Addon;
    addon.setMakeError(makeError);
    return addon;
  } catch (cause) {
    const error = new BpfError(
      `Cannot load bpf-loader-native's addon (${(cause as Error).message.split('\n')[0]}). ` +
        'The package has builds for Linux on x64 and arm64; a clone builds it with `make -C native/bpf-loader`.',
      { code: 'ADDON_MISSING' },
    );
    error.cause = cause;
    throw error;
  }
}

export const addon: Addon = load();
