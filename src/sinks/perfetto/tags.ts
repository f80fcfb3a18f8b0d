// SPDX-License-Identifier: Apache-2.0
/** The fields of Perfetto's trace.proto that are written, by their messages. */
import { bytesTag, fixed64Tag, varintTag } from '../../protobuf/writer.ts';

/** Trace: a file is nothing but these. */
export const PACKET = bytesTag(1);

export const TRACE_PACKET = {
  clockSnapshot: bytesTag(6),
  timestamp: varintTag(8),
  sequence: varintTag(10),
  trackEvent: bytesTag(11),
  sequenceFlags: varintTag(13),
  clock: varintTag(58),
  trackDescriptor: bytesTag(60),
  machine: varintTag(98),
};
export const CLOCK_SNAPSHOT = { clock: bytesTag(1), primary: varintTag(2) };
export const CLOCK = { id: varintTag(1), timestamp: varintTag(2) };
export const TRACK_DESCRIPTOR = {
  uuid: varintTag(1),
  name: bytesTag(2),
  process: bytesTag(3),
  thread: bytesTag(4),
  parent: varintTag(5),
  counter: bytesTag(8),
};
export const PROCESS = { pid: varintTag(1), name: bytesTag(6) };
export const THREAD = { pid: varintTag(1), tid: varintTag(2), name: bytesTag(5) };
export const COUNTER = { unitName: bytesTag(6) };
export const TRACK_EVENT = {
  annotation: bytesTag(4),
  type: varintTag(9),
  track: varintTag(11),
  category: bytesTag(22),
  name: bytesTag(23),
  counterValue: varintTag(30),
  flow: fixed64Tag(47),
};
export const ANNOTATION = {
  int: varintTag(4),
  double: fixed64Tag(5),
  string: bytesTag(6),
  name: bytesTag(10),
  element: bytesTag(12),
};

export const SLICE_BEGIN = 1;
export const SLICE_END = 2;
export const COUNTER_VALUE = 4;
/** A packet that clears everything that earlier packets said. */
export const STATE_CLEARED = 1;
/** The clock of the events: CLOCK_REALTIME. */
export const REALTIME = 1;
