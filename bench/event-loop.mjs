// SPDX-License-Identifier: Apache-2.0
// Preloaded into an agent (--import): prints at its end for how long its event loop was blocked at most since SIGUSR2, for spans.ts.
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
process.once('SIGUSR2', () => delay.enable());
process.once('exit', () => writeSync(2, `event loop: ${(delay.max / 1e6).toFixed(1)} ms\n`));
