// SPDX-License-Identifier: Apache-2.0
import type { CompactionEvent } from '../../event/event.ts';
import { printable } from '../../terminal.ts';

/** The offset in a symbol: a flame graph joins the calls of a function. */
const OFFSET = /\+0x[\da-f]+(?= \[|$)/;

/**
 * Compactions as folded stacks, the format of flame graphs: `FRAME;FRAME;... MICROSECONDS`, outermost frame first. Above the kernel's
 * functions are the service or the program, its thread, and the trigger. Readers add the numbers of equal lines.
 *
 * Readers want integers: what is left of a microsecond is in the next line, so that the sum is exact.
 */
export function foldedLines(): (event: CompactionEvent) => string {
  let leftNs = 0;
  return (event) => {
    const ns = event.durationNano + leftNs;
    leftNs = ns % 1000;
    return ns < 1000 ? '' : `${framesOf(event).map(frame).join(';')} ${Math.floor(ns / 1000)}\n`;
  };
}

function framesOf({ resource, executable, comm, trigger, stack, stackOmitted }: CompactionEvent): string[] {
  const service = resource?.['service.name'];
  const root = typeof service === 'string' ? service : (executable ?? comm);
  const functions = stack.map((symbol) => symbol.replace(OFFSET, '')).reverse();
  return [root, comm, trigger, ...(stackOmitted === undefined ? functions : [`no stack: ${stackOmitted}`])];
}

/** A semicolon ends a frame, and a line break the line. */
const frame = (text: string): string => quoted(printable(text).replaceAll(';', ':'));

/** Readers take a line that begins with `#` for a comment, and cut off the blanks at its ends. */
const quoted = (name: string): string =>
  name.startsWith('#') || name !== name.trim() || name === '' ? `"${name}"` : name;
