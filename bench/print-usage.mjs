// SPDX-License-Identifier: Apache-2.0
// Preloaded into an agent (--import): prints the CPU and wall time of the process at its end, for export.ts. It is not TypeScript,
// so that the measured process does not have to strip types.
import { writeSync } from 'node:fs';

process.once('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(2, `usage: ${user} us user, ${system} us system, ${performance.now().toFixed(1)} ms\n`);
});
