// SPDX-License-Identifier: Apache-2.0
/** The small part of SVG that the picture of a trace needs. */

type Attributes = Record<string, string | number>;

export const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

const written = (attributes: Attributes) =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? round(value) : escaped(value)}"`)
    .join('');

const round = (value: number) => Math.round(value * 10) / 10;

export const element = (name: string, attributes: Attributes, ...children: string[]) =>
  children.length === 0
    ? `<${name}${written(attributes)}/>`
    : `<${name}${written(attributes)}>${children.join('')}</${name}>`;

/** Average width of a letter in the widest ordinary fonts: which font the reader's browser takes is not known here. */
const EM_SANS = 0.64;
const EM_MONO = 0.62;

export interface Font {
  size: number;
  mono?: boolean;
}
export const textWidth = (text: string, { size, mono }: Font) => text.length * size * (mono ? EM_MONO : EM_SANS);

/** Cuts a text that is too wide. @param room in pixels */
export function fit(text: string, font: Font, room: number): string {
  const letters = Math.floor(room / textWidth('x', font));
  return text.length <= letters ? text : `${text.slice(0, Math.max(letters - 1, 0))}…`;
}

export const text = (x: number, y: number, content: string, attributes: Attributes = {}) =>
  element('text', { x, y, ...attributes }, escaped(content));
