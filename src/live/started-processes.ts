// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from 'bpf-loader-native';
import { START_LOOK, START_NOTICE, START_PERIOD, STARTED_PROCESS, STARTED_PROCESS_SIZE } from '../abi.generated.ts';

/** When a process is looked at, in periods after it started a program. */
const LOOKS = Object.values(START_LOOK);
const PERIOD_MS = 2 ** START_PERIOD.SHIFT / 1e6;
/** The processes of a period have lived on when the last of them is due. */
const FIRST_MS = Math.ceil(START_LOOK.FIRST * PERIOD_MS);
/** From one look to the next while processes start all the time, less than once a second; and at least, where a process is due. */
const LOOK_MS = 1200;
const CLOSEST_MS = 200;
/** After a quiet time a few looks follow each start closely. Each look uses up one, and time brings them back. */
const MAX_CREDIT = 5;
const CREDIT_PERIODS = 2000 / PERIOD_MS;

/** The table's rows and columns, in words of 32 bits. */
const ROW = STARTED_PROCESS_SIZE / 4;
const PROCESS = STARTED_PROCESS.process.offset / 4;
const PID = STARTED_PROCESS.pid.offset / 4;
const PERIOD = STARTED_PROCESS.period.offset / 4;

/**
 * Finds the processes that started a program and live on, in the table of the BPF programs (bpf/started_processes.h). A start
 * after a quiet time is reported, and looked at 0.2 s later. While processes start all the time there is a look every 1.2 s, and
 * a start is reported only when another process has lived on. While no process starts, it does not look.
 */
export class StartedProcesses {
  readonly #object: BpfObject;
  readonly #monotonicNs: () => bigint;
  readonly #onAlive: (pid: number) => void;
  readonly #table: Uint32Array;
  readonly #tableBytes: Uint8Array;
  /** The start that the programs were asked to report; without one, the timer runs. */
  #wanted: number = START_NOTICE.NONE;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #lookedAt: number;
  #credit = MAX_CREDIT;

  /**
   * @param monotonicNs reads the kernel's CLOCK_MONOTONIC
   * @param onAlive called at each look at a process that still runs
   */
  constructor(object: BpfObject, monotonicNs: () => bigint, onAlive: (pid: number) => void) {
    this.#object = object;
    this.#monotonicNs = monotonicNs;
    this.#onAlive = onAlive;
    this.#tableBytes = new Uint8Array(object.readVariable('started_processes'));
    this.#table = new Uint32Array(this.#tableBytes.buffer);
    this.#lookedAt = this.#now();
    // For what has started since the programs were attached.
    this.#lookIn(FIRST_MS);
  }

  /** Handles the report of a start. */
  noticed(): void {
    const wanted = this.#wanted;
    this.#wanted = START_NOTICE.NONE;
    if (wanted === START_NOTICE.ANY) this.#lookIn(FIRST_MS);
    else if (wanted === START_NOTICE.LIVING) this.#look();
  }

  close(): void {
    this.#wanted = START_NOTICE.NONE;
    clearTimeout(this.#timer);
  }

  #now(): number {
    return Number(this.#monotonicNs() >> BigInt(START_PERIOD.SHIFT));
  }

  #want(notice: number): void {
    this.#wanted = notice;
    this.#object.writeVariable('start_notice', notice);
  }

  /** An earlier look stays. */
  #lookIn(ms: number): void {
    const atMs = Number(this.#monotonicNs()) / 1e6 + ms;
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  /** Looks, and decides on the next look. Asked before the look, the programs report each start that is not seen here. */
  #look(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#want(START_NOTICE.ANY);
    const now = this.#now();
    const before = this.#lookedAt;
    const { starts, dueMs } = this.#scan(before, now);
    this.#lookedAt = now;
    const credit = Math.min(this.#credit + (now - before) / CREDIT_PERIODS, MAX_CREDIT);
    this.#credit = Math.max(credit - 1, 0);
    if (starts && credit < 1) {
      this.#want(START_NOTICE.LIVING);
      this.#lookIn(LOOK_MS);
    } else if (dueMs < Number.POSITIVE_INFINITY) this.#lookIn(Math.max(dueMs, CLOSEST_MS));
  }

  /**
   * Reports the processes that became due.
   * @returns whether any process started meanwhile, and when the next one is due
   */
  #scan(before: number, now: number): { starts: boolean; dueMs: number } {
    this.#object.writeVariable('looked_at_starts', now);
    this.#object.readVariable('started_processes', this.#tableBytes);
    let starts = false;
    let due = Number.POSITIVE_INFINITY;
    for (let row = 0; row < this.#table.length; row += ROW) {
      const started = this.#table[row + PERIOD]!;
      starts ||= started >= before;
      // Most have ended.
      if (this.#table[row + PROCESS] === 0) continue;
      for (const look of LOOKS) {
        const at = started + look;
        if (at > now) due = Math.min(due, at);
        else if (at > before) this.#onAlive(this.#table[row + PID]!);
      }
    }
    return { starts, dueMs: Math.ceil((due - now) * PERIOD_MS) };
  }
}
