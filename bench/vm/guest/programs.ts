// SPDX-License-Identifier: Apache-2.0
/** The run time of all BPF programs that any tool's process holds, from its descriptors, as bpftool shows it. */
import { readFileSync } from 'node:fs';
import { descriptorsOf } from '../../../harness/processes.ts';
import { sum } from '../../statistics.ts';

const value = (text: string, key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)$`, 'm').exec(text)?.[1]);

export class Programs {
  readonly #files: string[];

  constructor(pid: number) {
    const byId = new Map<number, string>();
    for (const [file, text] of descriptorsOf(pid)) {
      // A link also has the program's id, but not its run time.
      if (text.includes('run_time_ns:')) byId.set(value(text, 'prog_id'), file);
    }
    this.#files = [...byId.values()];
    if (this.#files.length === 0) throw new Error(`process ${pid} holds no BPF program`);
  }

  /** The run time of all of them so far. */
  runTimeNs(): number {
    return sum(this.#files.map((file) => value(readFileSync(file, 'utf8'), 'run_time_ns')));
  }
}
