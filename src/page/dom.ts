// SPDX-License-Identifier: Apache-2.0
/** Elements. Text from a recording becomes text nodes only, and characters that move or reverse text become `?`. */
import { printable } from '../terminal.ts';

export type Child = Node | string | number | false | undefined;

type Props<E> = Partial<Omit<E, 'style' | 'dataset'>> & {
  /** Attributes, by name. */
  at?: Readonly<Record<string, string | number | undefined>>;
};

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { at = {}, ...own } = props;
  Object.assign(element, own);
  for (const [name, value] of Object.entries(at)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...nodes(children));
  return element;
}

/** Puts children in the place of all others. */
export const fill = (element: Element, ...children: Child[]) => element.replaceChildren(...nodes(children));

const nodes = (children: readonly Child[]): (Node | string)[] =>
  children
    .filter((child): child is Node | string | number => child !== undefined && child !== false)
    .map((child) => (typeof child === 'object' ? child : printable(String(child))));

/** A part of the page with a heading. */
export function section(id: string, title: string, note: string, ...children: Child[]): HTMLElement {
  return h(
    'section',
    { id, at: { 'aria-labelledby': `${id}-title` } },
    h('div', { className: 'head' }, h('h2', { id: `${id}-title` }, title), h('p', { className: 'note' }, note)),
    ...children,
  );
}

/** A table that is made when it is first looked at: what a plot shows, for those who do not see it. */
export function asTable(what: string, make: () => { head: string[]; rows: (string | number)[][] }): HTMLDetailsElement {
  const place = h('div', {
    className: 'scroll',
    tabIndex: 0,
    at: { role: 'region', 'aria-label': `${what}, as a table` },
  });
  const details = h('details', { className: 'as-table' }, h('summary', {}, 'As a table'), place);
  const show = () => {
    if (!details.open) return;
    const { head, rows } = make();
    fill(place, table(head, rows));
  };
  details.addEventListener('toggle', show);
  details.addEventListener('refresh', show);
  return details;
}

export function table(head: readonly string[], rows: readonly (readonly Child[])[]): HTMLTableElement {
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))),
  );
}
