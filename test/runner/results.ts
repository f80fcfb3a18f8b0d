// SPDX-License-Identifier: Apache-2.0
/** Why tests cannot run. */
export interface Obstacle {
  why: string;
  /** The host lacks something. Otherwise something of ours is broken, which no host excuses. */
  ofHost: boolean;
}

/** What became of the tests, over all layers. */
export class Results {
  passed = 0;
  skipped = 0;
  /** Failed tests, and layers that could not run although they had to. */
  readonly failed: string[] = [];
  /** The layers that this host cannot run, with the reasons. */
  readonly leftOut: { what: string; why: string }[] = [];
  readonly layers: { name: string; seconds: number }[] = [];
  readonly files: { file: string; seconds: number }[] = [];

  get line(): string {
    return `${this.passed} passed, ${this.failed.length} failed, ${this.skipped} skipped`;
  }
}
