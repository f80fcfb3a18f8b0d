// SPDX-License-Identifier: Apache-2.0
/** The emulator's command line for a machine. */
import { join } from 'node:path';

export const QEMU = 'qemu-system-x86_64';

export interface Hardware {
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
}

/** Makes the kernel trust the TSC, which the emulator takes from the host: each reading of another clock costs an exit. */
const CLOCK = 'tsc=reliable';

/**
 * All that TCG can emulate, except what makes it slow. It does fast moves of strings byte by byte, and the kernel clears and
 * copies pages with them. It calls a function for each AVX instruction, walks five levels of page tables where four do, and
 * saves more state at each switch. Measured on 7.3, CPU time of four programs in all: 77 s with `max`, 49 without erms, 39
 * without most of the rest and without smap and smep, which stay on here as real hosts have them.
 */
const EMULATED = 'max,-erms,-fsrm,-avx,-avx2,-pku,-umip,-la57';

/**
 * The arguments of qemu. Its standard input and output are the console; the socket that it inherits as descriptor 3 is the
 * second serial port.
 */
export function qemuArguments(hardware: Hardware): string[] {
  const { kernel, image, memoryMb = 1024, cpus = 2, numaNodes = 1, append = '', network, disk } = hardware;
  const accelerator = accelerate(hardware);
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...[...accelerator, '-m', `${memoryMb}`, '-smp', `${cpus},sockets=${numaNodes}`],
    ...numa(numaNodes, memoryMb, cpus),
    ...['-kernel', join(kernel, 'vmlinuz')],
    ...['-append', `root=/dev/nvme0n1 rw init=/init console=ttyS0 panic=-1 ${CLOCK} ${append}`.trim()],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', 'socket,id=results,fd=3', '-serial', 'chardev:results'],
    ...disks(image, disk),
    ...(network ? nic(network) : []),
  ];
}

function accelerate({ countInstructions, accelerator = 'tcg' }: Hardware): string[] {
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
