// SPDX-License-Identifier: Apache-2.0
/** An agent with a spool that gets spans at a steady rate while the collector is away: killed in the middle, and started again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, write } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFile } from '../../src/descriptor.ts';
import { event } from '../unit/fixtures.ts';
import { Agent, type Finished, runToEnd, type StartOptions } from './agent.ts';

const TICK_MS = 50;
/** Lines that are written at once. */
const PIECE = 256;

export interface Use {
  /** The most resident memory, in MiB. */
  mostMiB: number;
  /** The time of all its threads, in seconds. */
  cpuSeconds: number;
}

/** The agent's memory and time so far. */
export function useOf(pid: number): Use {
  const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
  const kib = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  return { mostMiB: kib / 1024, cpuSeconds: (Number(ticks[11]) + Number(ticks[12])) / 100 };
}

/** How often each event has arrived, by the span ids in a growing file of OTLP/JSON lines. Reads what is new, and keeps none of it. */
export class Arrivals {
  readonly times = new Map<number, number>();
  /** Spans in all, with those that came again. */
  spans = 0;
  readonly #path: string;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  read(): this {
    if (!existsSync(this.#path)) return this;
    withFile(this.#path, (file) => {
      const piece = Buffer.alloc(16 << 20);
      for (let length = 1; length > 0; ) {
        length = readSync(file, piece, 0, piece.length, this.#offset);
        this.#offset += length;
        this.#take(this.#rest + piece.toString('latin1', 0, length));
      }
    });
    return this;
  }

  #take(text: string): void {
    let end = 0;
    // A link has a span id, too, and these events have none.
    for (const found of text.matchAll(/"spanId":"([0-9a-f]{16})"/g)) {
      const number = Number.parseInt(found[1]!.slice(1), 16);
      this.times.set(number, (this.times.get(number) ?? 0) + 1);
      this.spans += 1;
      end = found.index + found[0].length;
    }
    this.#rest = text.slice(Math.max(end, text.length - 64));
  }
}

/** Which events are stored in a spool. */
async function storedIn(folder: string): Promise<ReadonlyMap<number, number>> {
  const path = `${folder}.exported`;
  await withFileAsync(path, async (stdout) => {
    const { code, stderr } = await runToEnd(['spool', 'export', folder], { stdout });
    assert.equal(code, 0, stderr);
  });
  return new Arrivals(path).read().times;
}

async function withFileAsync(path: string, use: (file: number) => Promise<void>): Promise<void> {
  const file = openSync(path, 'w');
  try {
    await use(file);
  } finally {
    closeSync(file);
  }
}

/** An agent that gets events, number after number, at a steady rate. */
export class FedAgent {
  readonly agent: Agent;
  readonly #pipe: number;
  /** What it was given. */
  given: number[] = [];

  /** @param words besides `replay FILE -o none` @param folder for its FIFO */
  constructor(
    folder: string,
    words: readonly string[],
    endpoint: string,
    { env: more = {}, under = [] }: Pick<StartOptions, 'env' | 'under'> = {},
  ) {
    const fifo = join(folder, `fifo.${process.hrtime.bigint()}`);
    execFileSync('mkfifo', [fifo]);
    // Opened for both directions, so that neither side waits for the other.
    this.#pipe = openSync(fifo, constants.O_RDWR);
    // `replay` waits while more than that is not delivered, also with a spool; `run` stores.
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_MAX_QUEUE_SIZE: '100000000', ...more };
    const options = { env, under, books: true, giveUpMs: 3_600_000 };
    this.agent = new Agent(['replay', fifo, '-o', 'none', ...words], options);
  }

  async give(numbers: readonly number[]): Promise<void> {
    for (let from = 0; from < numbers.length; from += PIECE) {
      const piece = numbers.slice(from, from + PIECE);
      this.given.push(...piece);
      const text = piece.map((n) => `${JSON.stringify(event(n))}\n`).join('');
      await new Promise<void>((resolve, reject) => {
        let rest = Buffer.from(text);
        const more = () =>
          write(this.#pipe, rest, (error, written) => {
            if (error) return reject(error);
            rest = rest.subarray(written);
            if (rest.length > 0) more();
            else resolve();
          });
        more();
      });
    }
  }

  /** Gives the events of these numbers, so many a second. */
  async feed(from: number, to: number, perSecond: number): Promise<void> {
    const begin = performance.now();
    for (let next = from; next < to; ) {
      const due = Math.min(to, from + Math.floor(((performance.now() - begin) * perSecond) / 1000));
      await this.give(Array.from({ length: due - next }, (_, i) => next + i));
      next = due;
      if (next < to) await sleep(TICK_MS);
    }
  }

  /** The recording ends, and so does the agent once it has read it. */
  end(): Promise<Finished> {
    closeSync(this.#pipe);
    return this.agent.finished;
  }

  async kill(): Promise<void> {
    await this.agent.stop('SIGKILL');
    closeSync(this.#pipe);
  }
}

export interface OutageReport {
  /** Events that a killed agent had read and not stored. The next one got them again. */
  givenAgain: number;
  /** What each agent had used at its end. */
  uses: Use[];
}

/**
 * Gives agents so many events a second while the collector is away, and kills all of them but the last one in the middle of it. What a killed
 * one had not stored is given to the next one.
 *
 * @returns also the last agent, which runs
 */
export async function outage(
  folder: string,
  endpoint: string,
  { seconds, perSecond, kills }: { seconds: number; perSecond: number; kills: number },
): Promise<OutageReport & { last: FedAgent }> {
  const spool = join(folder, 'spool');
  const uses: Use[] = [];
  let again: number[] = [];
  let givenAgain = 0;
  for (let part = 0; ; part++) {
    const fed = new FedAgent(folder, ['--spool', spool], endpoint);
    await fed.give(again);
    const [from, to] = [part, part + 1].map((n) => Math.round((seconds * perSecond * n) / (kills + 1))) as [
      number,
      number,
    ];
    await fed.feed(from, to, perSecond);
    if (part === kills) return { givenAgain, uses, last: fed };
    uses.push(useOf(fed.agent.pid));
    await fed.kill();
    const stored = await storedIn(spool);
    again = fed.given.filter((number) => !stored.has(number));
    givenAgain += again.length;
  }
}
