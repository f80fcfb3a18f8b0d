// SPDX-License-Identifier: Apache-2.0
// Generated from bpf/event.h by `npm run generate`. Do not edit: change the header.

export const EVENT_SIZE = 856;
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
  context: { offset: 216, size: 28 },
  forkedFrom: { offset: 244, size: 4 },
  pid: { offset: 248, size: 4 },
  tid: { offset: 252, size: 4 },
  cpu: { offset: 256, size: 4 },
  node: { offset: 260, size: 4 },
  zoneIndex: { offset: 264, size: 4 },
  order: { offset: 268, size: 4 },
  gfp: { offset: 272, size: 4 },
  mode: { offset: 276, size: 4 },
  status: { offset: 280, size: 4 },
  trigger: { offset: 284, size: 4 },
  priority: { offset: 288, size: 4 },
  orders: { offset: 292, size: 1 },
  stackOmitted: { offset: 293, size: 1 },
  ownFrames: { offset: 294, size: 2 },
  comm: { offset: 296, size: 16 },
  zone: { offset: 312, size: 16 },
  started: { offset: 328, size: 4 },
  stackSize: { offset: 332, size: 4 },
  startStack: { offset: 336, size: 8 },
  stack: { offset: 344, size: 512 },
} as const;

export const ZONE_STATE_SIZE = 72;
export const ZONE_STATE = {
  freePages: { offset: 0, size: 8 },
  freeBlocks: { offset: 8, size: 64 },
} as const;

export const BOOKS_SIZE = 296;
export const BOOKS = {
  begins: { offset: 0, size: 8 },
  ends: { offset: 8, size: 8 },
  paired: { offset: 16, size: 8 },
  openNow: { offset: 24, size: 8 },
  evictedTableFull: { offset: 32, size: 8 },
  evictedOverwritten: { offset: 40, size: 8 },
  evictedExpired: { offset: 48, size: 8 },
  evictedNoControl: { offset: 56, size: 8 },
  endWithoutBegin: { offset: 64, size: 8 },
  endPagesUnknown: { offset: 72, size: 8 },
  filteredPid: { offset: 80, size: 8 },
  filteredTrigger: { offset: 88, size: 8 },
  filteredMinDuration: { offset: 96, size: 8 },
  filteredRate: { offset: 104, size: 8 },
  emitted: { offset: 112, size: 8 },
  ringFull: { offset: 120, size: 8 },
  noScratch: { offset: 128, size: 8 },
  attemptUnknown: { offset: 136, size: 8 },
  stackTaken: { offset: 144, size: 8 },
  stackOmittedBudget: { offset: 152, size: 8 },
  stackOmittedMinDuration: { offset: 160, size: 8 },
  stackOmittedFailed: { offset: 168, size: 8 },
  stackNs: { offset: 176, size: 8 },
  stackBaseNs: { offset: 184, size: 8 },
  processEventsUnsent: { offset: 192, size: 8 },
  contextFound: { offset: 200, size: 8 },
  contextUnpublished: { offset: 208, size: 8 },
  contextStale: { offset: 216, size: 8 },
  contextNoBlock: { offset: 224, size: 8 },
  contextNoSpan: { offset: 232, size: 8 },
  contextUnreadable: { offset: 240, size: 8 },
  contextInvalid: { offset: 248, size: 8 },
  contextNotInMap: { offset: 256, size: 8 },
  migrateScanned: { offset: 264, size: 8 },
  freeScanned: { offset: 272, size: 8 },
  emittedMigrateScanned: { offset: 280, size: 8 },
  emittedFreeScanned: { offset: 288, size: 8 },
} as const;

export const HANDOVER_SIZE = 240;
export const HANDOVER = {
  position: { offset: 0, size: 8 },
  atNs: { offset: 8, size: 8 },
  received: { offset: 16, size: 8 },
  decoded: { offset: 24, size: 8 },
  malformed: { offset: 32, size: 8 },
  notRecordedEvents: { offset: 40, size: 8 },
  reportedRate: { offset: 48, size: 8 },
  reportedRateNs: { offset: 56, size: 8 },
  reportedRingFull: { offset: 64, size: 8 },
  reportedTableFull: { offset: 72, size: 8 },
  reportedOverwritten: { offset: 80, size: 8 },
  reportedNoControl: { offset: 88, size: 8 },
  reportedNoScratch: { offset: 96, size: 8 },
  reportedExpired: { offset: 104, size: 8 },
  reportedSkipped: { offset: 112, size: 8 },
  reportedMalformed: { offset: 120, size: 8 },
  reportedEarlierAgent: { offset: 128, size: 8 },
  migrateScanned: { offset: 136, size: 8 },
  freeScanned: { offset: 144, size: 8 },
  lost: { offset: 152, size: 8 },
  undelivered: { offset: 160, size: 8 },
  lossesSinceUnixNs: { offset: 168, size: 8 },
  unsettled: { offset: 176, size: 8 },
  unsettledSinceUnixNs: { offset: 184, size: 8 },
  beforeMigrateScanned: { offset: 192, size: 8 },
  beforeFreeScanned: { offset: 200, size: 8 },
  attachedMigrateScanned: { offset: 208, size: 8 },
  attachedFreeScanned: { offset: 216, size: 8 },
  agents: { offset: 224, size: 8 },
  sinceUnixNs: { offset: 232, size: 8 },
} as const;

export const OMISSIONS_SIZE = 48;
export const OMISSIONS = {
  number: { offset: 0, size: 8 },
  durationNs: { offset: 8, size: 8 },
  longestNs: { offset: 16, size: 8 },
  firstBeginNs: { offset: 24, size: 8 },
  lastEndNs: { offset: 32, size: 8 },
  period: { offset: 40, size: 4 },
  reserved: { offset: 44, size: 4 },
} as const;

export const PROCESS_EVENT_SIZE = 8;
export const PROCESS_EVENT = {
  pid: { offset: 0, size: 4 },
  kind: { offset: 4, size: 4 },
} as const;

export const AGGREGATE_KEY_SIZE = 8;
export const AGGREGATE_KEY = {
  node: { offset: 0, size: 2 },
  zoneIndex: { offset: 2, size: 1 },
  trigger: { offset: 3, size: 1 },
  order: { offset: 4, size: 1 },
  status: { offset: 5, size: 1 },
  reserved: { offset: 6, size: 2 },
} as const;

export const AGGREGATE_SIZE = 2208;
export const AGGREGATE = {
  sumNs: { offset: 0, size: 8 },
  migrateScanned: { offset: 8, size: 8 },
  freeScanned: { offset: 16, size: 8 },
  slots: { offset: 24, size: 2184 },
} as const;

export const STALLS_SIZE = 16;
export const STALLS = {
  count: { offset: 0, size: 8 },
  sumNs: { offset: 8, size: 8 },
} as const;

export const STARTED_PROCESS_SIZE = 12;
export const STARTED_PROCESS = {
  process: { offset: 0, size: 4 },
  pid: { offset: 4, size: 4 },
  period: { offset: 8, size: 4 },
} as const;

export const TRACE_CONTEXT_SIZE = 28;
export const TRACE_CONTEXT = {
  traceId: { offset: 0, size: 16 },
  spanId: { offset: 16, size: 8 },
  flags: { offset: 24, size: 1 },
  source: { offset: 25, size: 1 },
  attributesSize: { offset: 26, size: 2 },
} as const;

export const PUBLISHER_SIZE = 144;
export const PUBLISHER = {
  started: { offset: 0, size: 8 },
  startStack: { offset: 8, size: 8 },
  places: { offset: 16, size: 128 },
} as const;

export const TLS_PLACE_SIZE = 32;
export const TLS_PLACE = {
  offset: { offset: 0, size: 8 },
  module: { offset: 8, size: 8 },
  generation: { offset: 16, size: 8 },
  kind: { offset: 24, size: 4 },
  source: { offset: 28, size: 4 },
} as const;

export const TRIGGER = {
  DIRECT: 0,
  KCOMPACTD: 1,
  PROACTIVE: 2,
  MANUAL: 3,
} as const;

export const STACK_OMITTED = {
  NOT: 0,
  BUDGET: 1,
  MIN_DURATION: 2,
  FAILED: 3,
} as const;

export const DURATION = {
  SCALE: 3,
  HALVINGS: 20,
  DOUBLINGS: 14,
  SLOTS: 273,
} as const;

export const READER = {
  AWAKE: 0,
  NAPPING: 1,
  ASLEEP: 2,
} as const;

export const CONTEXT = {
  NONE: 0,
  THREAD: 1,
  NODEJS: 2,
  OBI: 3,
} as const;

export const PROCESS_EVENT_KIND = {
  STARTS: 0,
  PUBLICATION: 1,
} as const;

export const START_NOTICE = {
  NONE: 0,
  ANY: 1,
  LIVING: 2,
} as const;

export const START_PERIOD = {
  SHIFT: 26,
} as const;

export const START_LOOK = {
  FIRST: 3,
  SECOND: 30,
  LAST: 224,
} as const;

export const TLS = {
  NONE: 0,
  STATIC: 1,
  DYNAMIC_GLIBC: 2,
  DYNAMIC_MUSL: 3,
} as const;
