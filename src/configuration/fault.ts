// SPDX-License-Identifier: Apache-2.0
import { FileErrors } from '../errors.ts';
import { printable } from '../terminal.ts';

/** Where something stands in the file. Lines and columns count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

export const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** What is wrong at a place of the file, and what to do. */
export interface Fault {
  place: Place;
  sentence: string;
}

/** The faults as one error, in the order of the file. */
export function errorOf(faults: readonly Fault[]): FileErrors {
  const inOrder = faults.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  return new FileErrors(inOrder.map(({ place, sentence }) => printable(`${placeText(place)}: ${sentence}`)));
}
