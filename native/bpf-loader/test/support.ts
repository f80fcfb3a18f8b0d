// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BpfObject, type LoadOptions } from '../src/index.ts';

const path = fileURLToPath(new URL('../build/test.bpf.o', import.meta.url));
assert.ok(existsSync(path), 'build the test object first: make -C native/bpf-loader all test-object');

/** test.bpf.c, compiled. */
export const testObject: Buffer = readFileSync(path);

// Only process.ppid makes this call.
const GETPPID = process.arch === 'arm64' ? 173 : 110;

/** Makes n system calls that the test object counts, on this thread. */
export function calls(n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += process.ppid;
  return sum;
}

export function threadId(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').pop());
}

/** The test object with one counting program, watching this thread. */
export function loadCounter(options: Partial<LoadOptions> = {}): BpfObject {
  return BpfObject.load({
    object: testObject,
    programs: ['by_btf'],
    ...options,
    constants: { target_tid: threadId(), target_call: GETPPID, ...options.constants },
  });
}

export interface Counters {
  calls: number;
  sent: number;
  ringFull: number;
  wakeUps: number;
}

export function counters(object: BpfObject): Counters {
  const bytes = object.readVariable('counters');
  assert.equal(bytes.length, 32);
  const at = (index: number) => Number(bytes.readBigUInt64LE(index * 8));
  return { calls: at(0), sent: at(1), ringFull: at(2), wakeUps: at(3) };
}

/** Parses a batch strictly. Returns the record lengths; each record must have the next number. */
export function lengths(batch: Buffer, firstNumber: number): number[] {
  const out: number[] = [];
  let at = 0;
  while (at < batch.length) {
    const length = batch.readUInt32LE(at);
    assert.equal(batch.readUInt32LE(at + 4), 0, 'the second word of a frame is zero');
    const end = at + 8 + Math.ceil(length / 8) * 8;
    assert.ok(end <= batch.length, 'the last record is whole');
    assert.equal(Number(batch.readBigUInt64LE(at + 8)), firstNumber + out.length, 'in order, none lost, none twice');
    assert.equal(Number(batch.readBigUInt64LE(at + 16)), length, 'the length that the BPF side wrote');
    assert.ok(batch.subarray(at + 8 + length, end).every((byte) => byte === 0));
    out.push(length);
    at = end;
  }
  assert.equal(at, batch.length);
  return out;
}

/** The targets of this process's file descriptors. */
export function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the descriptor of readdir itself
    }
  });
}

/** Waits until the condition holds. The deadline only ends a test that would hang. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `never happened: ${what}`);
    await sleep(5);
  }
}

/** Eight characters that no other run uses, with which the kernel's names of an object's global data begin. */
export function uniqueName(): string {
  nameCount = (nameCount + 1) % 36 ** 2;
  return `t${process.pid.toString(36).padStart(5, '0').slice(-5)}${nameCount.toString(36).padStart(2, '0')}`;
}
let nameCount = 0;

/**
 * The number of .bss maps of objects with this name in the kernel. A link holds its program, and a program its maps: without
 * maps nothing is left.
 */
export function mapsInKernel(name: string): number {
  const maps = JSON.parse(execFileSync('bpftool', ['map', 'list', '-j'], { encoding: 'utf8' }));
  return maps.filter((map: { name?: string }) => map.name === `${name}.bss`).length;
}

export function bpfError(code: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'BpfError');
    assert.equal((error as Error & { code?: string }).code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

/** Runs a file of test/child in a separate process. @returns its result */
export function runChild(name: string, args: string[] = [], flags: string[] = []): SpawnSyncReturns<string> {
  const script = fileURLToPath(new URL(`./child/${name}.ts`, import.meta.url));
  return spawnSync(process.execPath, [...flags, script, ...args], { encoding: 'utf8', timeout: 120_000 });
}
