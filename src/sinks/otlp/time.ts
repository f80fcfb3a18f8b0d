// SPDX-License-Identifier: Apache-2.0
import type { HrTime } from '@opentelemetry/api';
import type { CompactionEvent } from '../../event.ts';

const NANOS_DIGITS = 9;
const NANOS = 1e9;

/** Begin of the compaction, to the nanosecond. The decimal string is cut, not parsed as one number: it exceeds 2^53. */
export function startTime(event: CompactionEvent): HrTime {
  const digits = event.startUnixNano;
  const cut = digits.length - NANOS_DIGITS;
  return cut > 0 ? [Number(digits.slice(0, cut)), Number(digits.slice(cut))] : [0, Number(digits)];
}

/** End of the compaction: exactly start + durationNano. */
export function endTime(start: HrTime, durationNano: number): HrTime {
  const nanos = start[1] + (durationNano % NANOS);
  const seconds = start[0] + Math.floor(durationNano / NANOS);
  return nanos >= NANOS ? [seconds + 1, nanos - NANOS] : [seconds, nanos];
}
