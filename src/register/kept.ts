// SPDX-License-Identifier: Apache-2.0
class Returned {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: a class that extends this one adds its private fields to the object.
    return object;
  }
}

/**
 * A value kept with any object, as a WeakMap does: nobody else sees it, and it lives as long as the object. As a private field of
 * the object, it takes a tenth of the time.
 */
export class Kept extends Returned {
  readonly #value: unknown;

  private constructor(object: object, value: unknown) {
    super(object);
    this.#value = value;
  }

  static of<T>(object: object): T {
    return (#value in object ? object.#value : undefined) as T;
  }

  /** Once for each object. */
  static keep(object: object, value: unknown): void {
    new Kept(object, value);
  }
}
