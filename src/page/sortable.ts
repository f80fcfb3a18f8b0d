// SPDX-License-Identifier: Apache-2.0
import { type Child, fill, h } from './dom.ts';

export interface Column<T> {
  name: string;
  cell: (row: T) => Child;
  /** What it is sorted by: numbers from the largest on, texts by the alphabet. */
  key: (row: T) => number | string;
  isText?: boolean;
}

export interface Sortable<T> {
  element: HTMLElement;
  show(rows: readonly T[], most: number): void;
}

/** A table whose headings sort it. @param dress called with each row */
export function sortable<T>(options: {
  label: string;
  columns: readonly Column<T>[];
  sortedBy: string;
  /** The other way round at first. */
  isReversed?: boolean;
  dress?: (element: HTMLTableRowElement, row: T) => void;
}): Sortable<T> {
  const { columns, label, dress } = options;
  let by = columns.find(({ name }) => name === options.sortedBy)!;
  let isReversed = options.isReversed ?? false;
  let rows: readonly T[] = [];
  let most = 0;
  const body = h('tbody', {});
  const headings = columns.map((column) =>
    h(
      'th',
      { scope: 'col', className: column.isText ? 'text' : '' },
      h('button', { type: 'button', onclick: () => sortBy(column) }, column.name),
    ),
  );
  const order = (a: T, b: T) => {
    const [x, y] = [by.key(a), by.key(b)];
    const sign = typeof x === 'string' ? (x < y ? -1 : x > y ? 1 : 0) : (y as number) - x;
    return isReversed ? -sign : sign;
  };
  const update = () => {
    headings.forEach((heading, i) => {
      const isAscending = (by.isText ?? false) !== isReversed;
      heading.setAttribute('aria-sort', columns[i] === by ? (isAscending ? 'ascending' : 'descending') : 'none');
    });
    const elements = rows
      .toSorted(order)
      .slice(0, most)
      .map((row) => {
        const element = h(
          'tr',
          {},
          ...columns.map((column) => h('td', { className: column.isText ? 'text' : '' }, column.cell(row))),
        );
        dress?.(element, row);
        return element;
      });
    fill(body, ...elements);
  };
  const sortBy = (column: Column<T>) => {
    isReversed = column === by && !isReversed;
    by = column;
    update();
  };
  const table = h(
    'table',
    { className: 'sortable', at: { 'aria-label': label } },
    h('thead', {}, h('tr', {}, ...headings)),
    body,
  );
  return {
    element: h(
      'div',
      { className: 'scroll', tabIndex: 0, at: { role: 'region', 'aria-label': `${label}, table` } },
      table,
    ),
    show: (newRows, limit) => {
      rows = newRows;
      most = limit;
      update();
    },
  };
}
