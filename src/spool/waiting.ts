// SPDX-License-Identifier: Apache-2.0
import type { Segment, Stored, TakenRequest } from './request.ts';

/**
 * The requests in memory that are not taken, in their order: parts of requests, then `front`, then those that are on the disk only,
 * then `behind`, which are in memory until they are safe.
 */
export class Waiting {
  #again: TakenRequest[] = [];
  #front: Stored[] = [];
  #frontBytes = 0;
  #behind: Stored[] = [];

  get isEmpty(): boolean {
    return this.#again.length + this.#front.length + this.#behind.length === 0;
  }

  get hasFront(): boolean {
    return this.#front.length > 0;
  }

  get hasBehind(): boolean {
    return this.#behind.length > 0;
  }

  /** The bytes of the requests in front. */
  get frontBytes(): number {
    return this.#frontBytes;
  }

  add(stored: Stored): void {
    if (stored.isBehind) this.#behind.push(stored);
    else this.addInFront([stored]);
  }

  /** Adds requests that were read. */
  addInFront(requests: readonly Stored[]): void {
    for (const stored of requests) {
      this.#front.push(stored);
      this.#frontBytes += stored.bytes.length;
    }
  }

  /** @returns undefined when none is in front */
  take(): TakenRequest | undefined {
    const part = this.#again.shift();
    if (part) return part;
    const stored = this.#front.shift();
    if (stored === undefined) return undefined;
    this.#frontBytes -= stored.bytes.length;
    stored.isTaken = true;
    return { bytes: stored.bytes, spans: stored.spans, stored };
  }

  putBack(requests: readonly TakenRequest[]): void {
    this.#again.unshift(...requests);
  }

  /** Nothing is on the disk only: those behind are the next. */
  bringForward(): void {
    const behind = this.#behind;
    this.#behind = [];
    for (const stored of behind) stored.isBehind = false;
    this.addInFront(behind);
  }

  /** Those behind that are safe are from here on on the disk only. */
  forgetSafe(): void {
    this.#behind = this.#behind.filter(({ isSafe }) => !isSafe);
  }

  /** Those of a segment are given up. */
  giveUp(segment: Segment): void {
    const front = this.#front;
    this.#front = [];
    this.#frontBytes = 0;
    this.addInFront(front.filter((stored) => stored.segment !== segment));
  }
}
