// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { Lru } from '../../lru.ts';

const MAX_UUIDS = 16_384;
const UUID_BYTES = 6;
const uuids = new Lru<string, number>(MAX_UUIDS);

/** A number for a key, the same in each run: a number of 48 bits is exact. */
export const uuidOf = (key: string): number =>
  uuids.getOrMake(key, () => createHash('sha256').update(key).digest().readUIntBE(0, UUID_BYTES));
