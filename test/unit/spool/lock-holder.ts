// SPDX-License-Identifier: Apache-2.0
/** A process that has the lock of a folder until it is killed. */
import { Lock } from '../../../src/spool/lock.ts';

const lock = await Lock.take(process.argv[2]!);
process.send!(lock !== undefined);
setInterval(() => {}, 1000);
