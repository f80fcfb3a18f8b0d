// SPDX-License-Identifier: Apache-2.0
import type { AgentEvent } from '../../event/event.ts';
import { printableJson } from '../../terminal.ts';

/** A line of `--output json`, which is also a line of a recording. */
export function jsonLine(event: AgentEvent): string {
  return `${printableJson(JSON.stringify(event))}\n`;
}
