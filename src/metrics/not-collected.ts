// SPDX-License-Identifier: Apache-2.0
import { excerpt } from '../terminal.ts';

/** A sentence about a failure that is the agent's own. The run goes on without the metrics. */
export const notCollected = (error: unknown): string =>
  `metrics cannot be collected (${excerpt(String((error as Error)?.message ?? error))}); please report it.`;
