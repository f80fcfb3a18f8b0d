// SPDX-License-Identifier: Apache-2.0
/** Compactions, read in this process by the agent's own code, each with the kernel's time of its begin. */
import { readClocks } from 'bpf-loader-native';
import type { CompactionEvent } from '../../src/event/event.ts';
import { pidNamespace } from '../../src/host/pid-namespace.ts';
import { EpochClock } from '../../src/kernel/clock.ts';
import { kernelNames } from '../../src/kernel/names.ts';
import { KernelSymbols } from '../../src/kernel/symbols.ts';
import { attachPrograms } from '../../src/live/attach-programs.ts';
import { Decoder } from '../../src/live/decode.ts';
import { kernelFeatures, readKernelBtf } from '../../src/live/kernel-features.ts';
import { RingReader } from '../../src/live/ring-reader.ts';
import { Stacks } from '../../src/live/stacks.ts';

export interface Recorded extends CompactionEvent {
  /** CLOCK_MONOTONIC. */
  beginNs: bigint;
}

/** Notes each time that it converts, which is each record's begin. */
class NotingClock extends EpochClock {
  readonly asked: bigint[] = [];

  override toEpochNs(monotonicNs: bigint): bigint {
    this.asked.push(monotonicNs);
    return super.toEpochNs(monotonicNs);
  }
}

/** The compactions of one process that it asked for by hand. */
export class Records {
  readonly #symbols = new KernelSymbols();
  readonly #object;
  readonly #reader: RingReader;
  readonly #untaken: Recorded[] = [];
  #onMore = () => {};

  constructor(pid: number) {
    const btf = readKernelBtf();
    const { object } = attachPrograms(kernelFeatures(btf), {
      ...{ pid, triggers: ['manual'], minDurationNs: 0, contexts: false, markOwnFrames: false, ringBytes: 1 << 20 },
      ...{ pidNamespace: pidNamespace(), boottimeOffsetNs: 0n },
    });
    this.#object = object;
    const clock = new NotingClock(readClocks);
    const stacks = new Stacks(this.#symbols);
    const decoder = new Decoder({ names: kernelNames(btf), stacks, clock, context: 'link' });
    this.#reader = new RingReader(object, 'cs_records');
    this.#reader.start((batch) => {
      const { events } = decoder.decode(batch);
      const begins = clock.asked.splice(0);
      this.#untaken.push(...events.map((event, i) => ({ ...event, beginNs: begins[i]! })));
      this.#onMore();
    });
  }

  /** Resolves to the next `count` compactions once they have come. */
  async take(count: number): Promise<Recorded[]> {
    await new Promise<void>((resolve) => {
      this.#onMore = () => this.#untaken.length >= count && resolve();
      this.#onMore();
    });
    return this.#untaken.splice(0, count);
  }

  close(): void {
    this.#object.detach();
    this.#reader.close();
    this.#object.close();
    this.#symbols.close();
  }
}
