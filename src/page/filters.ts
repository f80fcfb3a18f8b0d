// SPDX-License-Identifier: Apache-2.0
/** The filters, which stay at the top, and their keys. */
import type { Trigger } from '../event/event.ts';
import { printable } from '../terminal.ts';
import { fill, h } from './dom.ts';
import { count, span } from './format.ts';
import { GLYPHS } from './theme.ts';

import type { View } from './view.ts';

const ALL = 'all';
const UNKNOWN = 'unknown';
/** Before the name of a service. */
const NAMED = 'named ';

/** @param isLive whether other triggers and services may come */
export function filters(view: View, step: (by: number) => void, isLive = false): HTMLElement {
  const { cells } = view.data;
  const present = cells.triggers.filter(
    (_, number) => isLive || cells.rows.some(([, , trigger]) => trigger === number),
  );
  const chips = present.map((trigger) =>
    h(
      'button',
      {
        type: 'button',
        className: `chip ${trigger}`,
        onclick: () => toggle(trigger),
        at: { 'aria-keyshortcuts': String(cells.triggers.indexOf(trigger) + 1) },
      },
      trigger,
    ),
  );
  const service = h('select', {
    onchange: () => view.change({ service: serviceOf(service.value) }),
    at: { 'aria-label': 'Service' },
  });
  const serviceOf = (value: string) =>
    value === ALL ? undefined : value === UNKNOWN ? null : value.slice(NAMED.length);
  let offered = '';
  const offerServices = () => {
    const { services, othersService } = view.data.cells;
    if (offered === JSON.stringify(services)) return;
    offered = JSON.stringify(services);
    const chosen = service.value;
    fill(
      service,
      h('option', { value: ALL }, 'all services'),
      ...services.map((name, number) =>
        // Rows and stalls have their names, so the text finds them.
        number === othersService
          ? h('option', { disabled: true }, '(others: search by text)')
          : h('option', { value: name === null ? UNKNOWN : NAMED + name }, name ?? '(no service)'),
      ),
    );
    service.value = chosen || ALL;
    // Another run may not have it.
    if (service.value === '') {
      service.value = ALL;
      view.service = undefined;
    }
  };
  const text = h('input', {
    type: 'search',
    placeholder: 'thread, container, function …',
    oninput: () => view.change({ text: text.value.trim() }),
    at: { 'aria-label': 'Text in stalls', 'aria-keyshortcuts': '/' },
  });
  const state = h('output', { className: 'state' });
  const reset = h(
    'button',
    { type: 'button', className: 'plain', onclick: () => clear(), at: { 'aria-keyshortcuts': 'Escape' } },
    'Show all',
  );

  const toggle = (trigger: Trigger) => {
    const triggers = new Set(view.triggers);
    if (!triggers.delete(trigger)) triggers.add(trigger);
    view.change({ triggers });
  };
  const clear = () => {
    text.value = '';
    service.value = ALL;
    view.reset();
  };
  const update = () => {
    offerServices();
    chips.forEach((chip, i) => {
      chip.setAttribute('aria-pressed', String(view.triggers.has(present[i]!)));
    });
    reset.hidden = !view.isFiltered && !view.isZoomed;
    const shown = `${count(view.shown.length)} of ${count(view.stalls.length)} stalls`;
    state.textContent = printable(view.isZoomed ? `${shown} · ${span(...view.time)}` : shown);
  };
  view.onChange(update);
  update();

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape') {
      clear();
      if (event.target === text) text.blur();
      return;
    }
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const trigger = cells.triggers[Number(event.key) - 1];
    if (event.key === '/') text.focus();
    else if (trigger) toggle(trigger);
    else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1);
    else return;
    event.preventDefault();
  });

  return h(
    'div',
    { className: 'filters', at: { role: 'search' } },
    h('div', { className: 'chips', at: { role: 'group', 'aria-label': 'Triggers' } }, ...chips),
    service,
    text,
    reset,
    state,
    h(
      'details',
      { className: 'keys' },
      h('summary', {}, 'Legend and keys'),
      h(
        'p',
        {},
        `Colour is the trigger. Shape is the outcome: ${GLYPHS.success} success, or the normal end of manual and proactive; ${GLYPHS.failure} failure (complete, partial_skipped); ${GLYPHS.contended} contended; ${GLYPHS.other} another.`,
      ),
      h(
        'p',
        {},
        'Keys: 1 to 4 triggers, / text, j and k next and previous stall, Escape shows all. On a plot: arrows move, + and - zoom, 0 shows all; with the mouse: drag to zoom, double-click shows all.',
      ),
      h(
        'p',
        {},
        'Triggers and service filter everything; text and time filter the stalls that are shown in full, and time the plots over time.',
      ),
    ),
  );
}
