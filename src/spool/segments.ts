// SPDX-License-Identifier: Apache-2.0
import { systemWords } from '../errors.ts';
import type { SegmentContent } from './format.ts';
import type { Segment } from './request.ts';
import type { SegmentStore } from './segment-store.ts';

/** The segments in the folder, oldest first. */
export class Segments {
  readonly #store: SegmentStore;
  #all: Segment[] = [];

  constructor(store: SegmentStore) {
    this.#store = store;
  }

  /** Looks for what earlier runs have left. @returns its bytes @throws the system's error */
  async open(): Promise<number> {
    const left = await this.#store.open();
    this.#all = left.map((file) => ({ ...file, isUnread: true, kept: [], spans: undefined, isBad: false }));
    return left.reduce((sum, { bytes, from }) => sum + Math.max(0, bytes - from), 0);
  }

  /** The one to which requests are appended. */
  get active(): Segment | undefined {
    return this.#store.active as Segment | undefined;
  }

  /** All bytes in the folder, also of segments that were set aside. */
  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, this.#store.badBytes);
  }

  get hasUnread(): boolean {
    return this.firstUnread !== undefined;
  }

  get firstUnread(): Segment | undefined {
    return this.#all.find(({ isUnread }) => isUnread);
  }

  /** Unread ones that nobody has counted. */
  get uncounted(): Segment[] {
    return this.#all.filter(({ isUnread, spans }) => isUnread && spans === undefined);
  }

  /** The oldest that is needed, and of which the sender has nothing. */
  oldest(which: (segment: Segment) => boolean): Segment | undefined {
    return this.#all.find(
      (segment) =>
        segment !== this.active &&
        !this.#isFinished(segment) &&
        !segment.kept.some(({ isTaken }) => isTaken) &&
        which(segment),
    );
  }

  /** Begins one. @param isUnread whether its requests do not stay in memory @throws the system's error */
  async begin(nowMs: number, isUnread: boolean): Promise<void> {
    const file = await this.#store.begin(nowMs);
    this.#all.push(Object.assign(file, { isUnread, kept: [], spans: isUnread ? 0 : undefined, isBad: false }));
  }

  /** Reads one; what is damaged is left out. */
  async read(segment: Segment): Promise<SegmentContent> {
    const content = await this.#store.read(segment).catch((error: unknown) => unreadable(error));
    if (content.damaged > 0 || content.unusable !== undefined) segment.isBad = true;
    return content;
  }

  /** Moves the start of one behind what is settled. @returns whether it is finished */
  advance(segment: Segment): boolean {
    while (segment.kept[0]?.left === 0) segment.from = segment.kept.shift()!.end;
    return this.#isFinished(segment);
  }

  /** Notes what is settled, and removes the segments without anything else. @throws the system's error */
  async tidy(): Promise<void> {
    const finished = this.#all.filter((segment) => this.#isFinished(segment));
    const first = this.#all.find((segment) => !finished.includes(segment));
    const cursor = first && { segment: first.number, offset: first.from };
    const whole = finished.filter(({ isBad }) => !isBad);
    try {
      await this.#store.note(cursor);
    } catch (error) {
      // A full disk: what is removed makes room for the cursor.
      if (whole.length === 0) throw error;
      await this.#store.remove(whole);
      await this.#store.note(cursor);
    }
    for (const bad of finished.filter(({ isBad }) => isBad)) await this.#store.setAside(bad);
    await this.#store.remove(whole);
    this.#all = this.#all.filter((segment) => !finished.includes(segment));
  }

  /** Whether nothing in it is needed any more. */
  #isFinished(segment: Segment): boolean {
    return segment !== this.active && !segment.isUnread && segment.kept.length === 0;
  }
}

function unreadable(error: unknown): SegmentContent {
  return { records: [], damaged: 0, unfinishedBytes: 0, unusable: `it cannot be read: ${systemWords(error)}` };
}
