// SPDX-License-Identifier: Apache-2.0
/** The emulator's command line for a machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Arch } from './kernels.ts';

export const QEMU = { x64: 'qemu-system-x86_64', arm64: 'qemu-system-aarch64' } as const;

export interface Hardware {
  /** Default: x64. */
  arch?: Arch;
  /** The directory that fetch.sh prints. */
  kernel: string;
  /** The root file system. The machine's writes to it are discarded. */
  image: string;
  memoryMb?: number;
  cpus?: number;
  /** The number of NUMA nodes, which share memory and CPUs equally. */
  numaNodes?: number;
  /** Added to the kernel's command line. */
  append?: string;
  /**
   * A private network, in which this host is 10.0.2.2. The only ways in are these ports of 127.0.0.1, as host:guest. The
   * image must have the kernel's modules for it.
   */
  network?: readonly `${number}:${number}`[];
  /** The host's hardware, or the emulator's software, which is the default. */
  accelerator?: 'kvm' | 'tcg';
  /** Whether each instruction takes one nanosecond, so that the same work always takes the same time. */
  countInstructions?: boolean;
  /** Another file system, /dev/nvme0n2. The machine's writes to it are discarded too. */
  disk?: string;
  /** A disk that serveDisk() serves, at its socket. It is /dev/vda, for which the kernel needs the modules of disk.tar. */
  volatileDisk?: { socket: string; sectorBytes: number };
}

/**
 * All that TCG can emulate, except what makes it slow. It does fast moves of strings byte by byte, and the kernel clears and
 * copies pages with them. It calls a function for each AVX instruction, walks five levels of page tables where four do, and
 * saves more state at each switch. Measured on 7.3, CPU time of four programs in all: 77 s with `max`, 49 without erms, 39
 * without most of the rest and without smap and smep, which stay on here as real hosts have them.
 */
const EMULATED = 'max,-erms,-fsrm,-avx,-avx2,-pku,-umip,-la57';

/** A CPU of servers. It has pages of 16 KiB, and no pointer authentication, which is slow to emulate. */
const EMULATED_ARM64 = 'neoverse-n1';

/**
 * The kernel's parameters: the two serial ports, of which init(8) gets `results` in its environment, and what makes emulation faster. Page
 * tables of the kernel's own and indirect branches that cannot be predicted protect nobody here; they took a quarter of the CPU time of a
 * test on 6.12. On x86-64 the kernel trusts the TSC, which the emulator takes from the host: each reading of another clock costs an exit.
 */
const PARAMETERS = {
  x64: 'console=ttyS0 results=ttyS1 mitigations=off tsc=reliable',
  arm64: 'console=ttyAMA0 results=ttyS0 mitigations=off kpti=off',
} as const;

/**
 * The arguments of qemu. Its standard input and output are the console; the socket that it inherits as descriptor 3 is the
 * second serial port.
 */
export function qemuArguments(hardware: Hardware): string[] {
  const {
    arch = 'x64',
    kernel,
    image,
    memoryMb = 1024,
    cpus = 2,
    numaNodes = 1,
    append = '',
    network,
    disk,
    volatileDisk,
  } = hardware;
  const initrd = join(kernel, 'initrd');
  const accelerator = accelerate(hardware);
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...[...accelerator, '-m', `${memoryMb}`, '-smp', `${cpus},sockets=${numaNodes}`],
    ...numa(numaNodes, memoryMb, cpus),
    ...['-kernel', join(kernel, 'vmlinuz'), ...(existsSync(initrd) ? ['-initrd', initrd] : [])],
    ...['-append', `root=/dev/nvme0n1 rw init=/init ${PARAMETERS[arch]} panic=-1 ${append}`.trim()],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console', '-chardev', 'socket,id=results,fd=3'],
    // The machine for arm64 has one serial port.
    ...(arch === 'x64' ? ['-serial', 'chardev:results'] : ['-device', 'pci-serial,chardev=results']),
    ...disks(image, disk),
    ...(volatileDisk === undefined ? [] : served(volatileDisk)),
    ...(network ? nic(network) : []),
  ];
}

function accelerate({ arch, countInstructions, accelerator = 'tcg' }: Hardware): string[] {
  if (arch === 'arm64') return ['-machine', 'virt', '-accel', 'tcg,thread=multi', '-cpu', EMULATED_ARM64];
  if (countInstructions) return ['-accel', 'tcg,thread=single', '-icount', 'shift=0', '-cpu', 'max'];
  return accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', EMULATED];
}

/** The disks, on one controller: with two controllers, either could become nvme0. */
function disks(root: string, more?: string): string[] {
  return [
    ...drive('root', root),
    ...['-device', 'nvme,id=nvme,serial=root,drive=root'],
    ...(more === undefined ? [] : [...drive('more', more), '-device', 'nvme-ns,bus=nvme,nsid=2,drive=more']),
  ];
}

function drive(id: string, file: string): string[] {
  // qemu expects commas in file names doubled.
  return ['-drive', `id=${id},file=${file.replaceAll(',', ',,')},format=raw,if=none,snapshot=on`];
}

/**
 * On virtio, which has no forced writes: Linux flushes after a write that it would force. qemu's NVMe disk takes forced writes, and forgets that they
 * are.
 */
function served({ socket, sectorBytes }: { socket: string; sectorBytes: number }): string[] {
  const file = `nbd+unix:///?socket=${socket.replaceAll(',', ',,')}`;
  const sectors = `logical_block_size=${sectorBytes},physical_block_size=${sectorBytes}`;
  return [
    ...['-drive', `id=volatile,file=${file},format=raw,if=none,cache=writeback`],
    ...['-device', `virtio-blk-pci,drive=volatile,${sectors}`],
  ];
}

function nic(forwards: readonly string[]): string[] {
  const ports = forwards.map((forward) => forward.split(':')).map(([host, to]) => `tcp:127.0.0.1:${host}-:${to}`);
  return [
    ...['-netdev', ['user,id=net', ...ports.map((port) => `hostfwd=${port}`)].join(',')],
    ...['-device', 'virtio-net-pci,netdev=net'],
  ];
}

function numa(nodes: number, memoryMb: number, cpus: number): string[] {
  if (nodes === 1) return [];
  const each = { memory: Math.floor(memoryMb / nodes), cpus: Math.floor(cpus / nodes) };
  if (each.memory * nodes !== memoryMb || each.cpus * nodes !== cpus) {
    throw new Error(`${memoryMb} MB and ${cpus} CPUs cannot be divided equally among ${nodes} nodes`);
  }
  return Array.from({ length: nodes }, (_, node) => [
    ...['-object', `memory-backend-ram,id=memory${node},size=${each.memory}M`],
    ...['-numa', `node,memdev=memory${node},cpus=${node * each.cpus}-${(node + 1) * each.cpus - 1}`],
  ]).flat();
}
