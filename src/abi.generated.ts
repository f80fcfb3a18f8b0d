// SPDX-License-Identifier: Apache-2.0
// Generated from bpf/event.h by `npm run generate`. Do not edit: change the header.

export const EVENT_SIZE = 816;
export const EVENT = {
  beginNs: { offset: 0, size: 8 },
  durationNs: { offset: 8, size: 8 },
  cgroupId: { offset: 16, size: 8 },
  attemptNs: { offset: 24, size: 8 },
  watermarkMin: { offset: 32, size: 8 },
  watermarkLow: { offset: 40, size: 8 },
  watermarkHigh: { offset: 48, size: 8 },
  migrateScanned: { offset: 56, size: 8 },
  freeScanned: { offset: 64, size: 8 },
  begin: { offset: 72, size: 72 },
  end: { offset: 144, size: 72 },
  pid: { offset: 216, size: 4 },
  tid: { offset: 220, size: 4 },
  cpu: { offset: 224, size: 4 },
  node: { offset: 228, size: 4 },
  zoneIndex: { offset: 232, size: 4 },
  order: { offset: 236, size: 4 },
  gfp: { offset: 240, size: 4 },
  mode: { offset: 244, size: 4 },
  status: { offset: 248, size: 4 },
  trigger: { offset: 252, size: 4 },
  priority: { offset: 256, size: 4 },
  orders: { offset: 260, size: 4 },
  comm: { offset: 264, size: 16 },
  zone: { offset: 280, size: 16 },
  reserved: { offset: 296, size: 4 },
  stackSize: { offset: 300, size: 4 },
  stack: { offset: 304, size: 512 },
} as const;

export const ZONE_STATE_SIZE = 72;
export const ZONE_STATE = {
  freePages: { offset: 0, size: 8 },
  freeBlocks: { offset: 8, size: 64 },
} as const;

export const BOOKS_SIZE = 160;
export const BOOKS = {
  begins: { offset: 0, size: 8 },
  ends: { offset: 8, size: 8 },
  paired: { offset: 16, size: 8 },
  openNow: { offset: 24, size: 8 },
  evictedTableFull: { offset: 32, size: 8 },
  evictedOverwritten: { offset: 40, size: 8 },
  evictedNoControl: { offset: 48, size: 8 },
  endWithoutBegin: { offset: 56, size: 8 },
  endPagesUnknown: { offset: 64, size: 8 },
  filteredPid: { offset: 72, size: 8 },
  filteredTrigger: { offset: 80, size: 8 },
  filteredMinDuration: { offset: 88, size: 8 },
  emitted: { offset: 96, size: 8 },
  ringFull: { offset: 104, size: 8 },
  noScratch: { offset: 112, size: 8 },
  attemptUnknown: { offset: 120, size: 8 },
  migrateScanned: { offset: 128, size: 8 },
  freeScanned: { offset: 136, size: 8 },
  emittedMigrateScanned: { offset: 144, size: 8 },
  emittedFreeScanned: { offset: 152, size: 8 },
} as const;

export const TRIGGER = {
  DIRECT: 0,
  KCOMPACTD: 1,
  PROACTIVE: 2,
  MANUAL: 3,
} as const;

export const READER = {
  AWAKE: 0,
  NAPPING: 1,
  ASLEEP: 2,
} as const;
