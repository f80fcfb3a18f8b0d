// SPDX-License-Identifier: Apache-2.0
import type { ProcessFacts } from '../prober/protocol.ts';

/** A tracer that publishes its own spans, recognised by what it says about itself in the process context. */
export interface Tracer {
  name: string;
  sdk: string;
  language: string;
  /** The trace flags that it publishes for a span that is sampled, in any order. */
  flags: readonly number[];
  /** Why 0 is among them. */
  why: string;
}

const TRACERS: readonly Tracer[] = [
  {
    ...{ name: 'ddtrace', sdk: 'libdatadog', language: 'python', flags: [0, 1] },
    why: 'ddtrace publishes a span before it decides whether to sample',
  },
  {
    ...{ name: 'dd-trace', sdk: 'libdatadog', language: 'nodejs', flags: [0, 1] },
    why: 'dd-trace publishes a span before it decides whether to sample',
  },
  {
    ...{ name: 'dd-java-agent', sdk: 'dd-trace-java', language: 'java', flags: [0] },
    why: 'dd-java-agent never publishes that a span is sampled',
  },
];

/** The tracer of a service; undefined for one that publishes trace flags as they are. */
export const tracerOf = (resource: NonNullable<ProcessFacts['resource']>): Tracer | undefined =>
  TRACERS.find(
    ({ sdk, language }) => resource['telemetry.sdk.name'] === sdk && resource['telemetry.sdk.language'] === language,
  );
