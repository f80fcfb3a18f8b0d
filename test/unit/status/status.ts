// SPDX-License-Identifier: Apache-2.0
import type { AgentStatus } from '../../../src/status/status.ts';

export const STATUS: AgentStatus = {
  v: 1,
  version: '1.2.3',
  pid: 77,
  uptimeSeconds: 93_784,
  plan: 'tp_btf',
  perSecond: { last10: 12.34, last60: 3 },
  ring: { usedBytes: 1024, sizeBytes: 4096 },
  queued: 7,
  destinations: ['spans go to http://localhost:4317'],
  problems: [
    {
      unixMs: 1_795_441_813_325,
      code: 'collector_unreachable',
      level: 'warn',
      text: 'the collector is\x1b[2J away',
      times: 3,
    },
    { unixMs: 1_795_441_814_325, code: 'output_failed', level: 'error', text: 'cannot write to out', times: 1 },
  ],
  messages: [{ unixMs: 1_795_441_812_325, code: 'attached', text: '1.2.3 attached' }],
  stalled: [{ service: 'shop', process: 'java', count: 3, sumNano: 12_000_000, longestNano: 9_000_000 }],
  books: {
    v: 1,
    compactions: 10,
    notRecorded: 2,
    lost: { 'the ring buffer was full': 4 },
    balances: true,
    equations: [],
  },
};
