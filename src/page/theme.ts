// SPDX-License-Identifier: Apache-2.0
/** The colours of page.css for what is drawn on canvas. */
import type { Trigger } from '../event/event.ts';
import type { Outcome } from './view.ts';

const DARK = matchMedia('(prefers-color-scheme: dark)');
const known = new Map<string, string>();

/** The value of a custom property of the page: `--ink`. */
export function colour(name: string): string {
  const value = known.get(name) ?? getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  known.set(name, value);
  return value;
}

export const triggerColour = (trigger: Trigger): string => colour(`--${trigger}`);

/** Calls back when the colours are others. */
export function onTheme(listener: () => void): void {
  DARK.addEventListener('change', () => {
    known.clear();
    listener();
  });
}

export const FONT = '11px system-ui, sans-serif';

/** The shapes of outcomes, as text and on canvas. */
export const GLYPHS: Readonly<Record<Outcome, string>> = { success: '●', failure: '▼', contended: '◆', other: '■' };

/** Adds the shape to the path, with its middle there. */
export function addGlyph(context: CanvasRenderingContext2D, outcome: Outcome, x: number, y: number, r: number): void {
  if (outcome === 'success') {
    context.moveTo(x + r, y);
    context.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  const corners: Readonly<Record<Exclude<Outcome, 'success'>, readonly (readonly [number, number])[]>> = {
    failure: [
      [-1.15, -0.9],
      [1.15, -0.9],
      [0, 1.15],
    ],
    contended: [
      [0, -1.25],
      [1.25, 0],
      [0, 1.25],
      [-1.25, 0],
    ],
    other: [
      [-0.9, -0.9],
      [0.9, -0.9],
      [0.9, 0.9],
      [-0.9, 0.9],
    ],
  };
  corners[outcome].forEach(([dx, dy], i) => {
    if (i === 0) context.moveTo(x + dx * r, y + dy * r);
    else context.lineTo(x + dx * r, y + dy * r);
  });
  context.closePath();
}
