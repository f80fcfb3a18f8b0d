// SPDX-License-Identifier: Apache-2.0
import { TRIGGERS, type Trigger } from '../event/event.ts';
import type { Wanted } from '../report/shown.ts';

/** The stalls that a page shows, as it asks for their spans. */
export interface AskedStalls extends Wanted {
  /** The run that they are of. */
  run: string;
  /** How many compactions had come to the page. */
  come: number;
  /** How many of these it shows. */
  shown: number;
}

/** @returns undefined where the question is not whole */
export function askedStalls(query: URLSearchParams): AskedStalls | undefined {
  const number = (name: string) => Number(query.get(name) || Number.NaN);
  const asked = {
    run: query.get('run') ?? '',
    come: number('come'),
    shown: number('shown'),
    triggers: new Set(query.getAll('trigger') as Trigger[]),
    service: query.has('no-service') ? null : (query.get('service') ?? undefined),
    text: query.get('text') ?? '',
    time: [number('from'), number('to')] as const,
  };
  const isWhole =
    [asked.come, asked.shown, ...asked.time].every(Number.isFinite) &&
    [...asked.triggers].every((trigger) => TRIGGERS.includes(trigger));
  return isWhole ? asked : undefined;
}
