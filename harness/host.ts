// SPDX-License-Identifier: Apache-2.0
/** Facts about the host, read independently of the agent's own readers. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const COMPACT_MEMORY = '/proc/sys/vm/compact_memory';
export const COMPACT_NODE0 = '/sys/devices/system/node/node0/compact';

export interface Zone {
  node: number;
  name: string;
  free: number;
  min: number;
  low: number;
  high: number;
}

/** The zones with memory in /proc/zoneinfo: those that a compaction of all memory visits, in its order. */
export function populatedZones(): Zone[] {
  const zones: Zone[] = [];
  const text = readFileSync('/proc/zoneinfo', 'utf8');
  for (const section of text.split(/^(?=Node )/m)) {
    const [, node, name] = /^Node (\d+), zone\s+(\w+)/.exec(section) ?? [];
    if (!name) continue;
    const value = (key: string) => Number(new RegExp(`^\\s+${key}\\s+(\\d+)`, 'm').exec(section)?.[1]);
    if (value('present') === 0) continue;
    const free = Number(/pages free\s+(\d+)/.exec(section)![1]);
    zones.push({ node: Number(node), name, free, min: value('min'), low: value('low'), high: value('high') });
  }
  return zones;
}

/** The free blocks per order in /proc/buddyinfo, by `node/zone`. */
export function freeBlocks(): Map<string, number[]> {
  const zones = new Map<string, number[]>();
  for (const line of readFileSync('/proc/buddyinfo', 'utf8').trim().split('\n')) {
    const [, node, zone, blocks] = /^Node (\d+), zone\s+(\w+)\s+(.*)$/.exec(line)!;
    zones.set(`${node}/${zone}`, blocks!.trim().split(/\s+/).map(Number));
  }
  return zones;
}

export function vmstat(name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync('/proc/vmstat', 'utf8'))![1]);
}

/** Compacts all memory of the host; the calling thread stalls. */
export function compact(file: string, times: number): void {
  for (let i = 0; i < times; i++) writeFileSync(file, '1');
}

interface BpfEntry {
  id: number;
  name?: string;
  prog_id?: number;
}

/** The agent's programs and maps in the kernel, and the links of those programs, as bpftool lists them. */
export function bpfObjects(): string[] {
  const list = (what: string): BpfEntry[] =>
    JSON.parse(execFileSync('bpftool', ['-j', what, 'list'], { encoding: 'utf8' }));
  const programs = list('prog').filter(({ name }) => /^cs_/.test(name ?? ''));
  const maps = list('map').filter(({ name }) => /^(cs_.*|compact.*)$/.test(name ?? ''));
  const links = list('link').filter(({ prog_id }) => programs.some(({ id }) => id === prog_id));
  return [
    ...programs.map(({ name }) => `program ${name}`),
    ...maps.map(({ name }) => `map ${name}`),
    ...links.map(({ id }) => `link ${id}`),
  ];
}

/** The rest of them after a pause: the kernel frees them after their last user, when no CPU can still run them. */
export async function bpfObjectsLeft(): Promise<string[]> {
  for (let i = 0; i < 100 && bpfObjects().length > 0; i++) await sleep(50);
  return bpfObjects();
}

/**
 * Restores settings when this process ends, however it ends: a shell in a separate session waits for the end of a pipe that
 * only this process holds. The settings are files of /proc/sys, or of /sys with the choice in brackets.
 * @returns a function that restores them earlier
 */
export function putBackAtEnd(...paths: string[]): () => Promise<void> {
  const setting = (text: string) => /\[([^\]]+)\]/.exec(text)?.[1] ?? text.trim();
  const commands = paths.map((path) => `echo ${setting(readFileSync(path, 'utf8'))} >${path}`);
  const shell = spawn('sh', ['-c', `trap '' INT TERM HUP; cat >/dev/null; ${commands.join('; ')}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const done = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  return () => {
    shell.stdin.end();
    return done;
  };
}
