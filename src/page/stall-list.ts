// SPDX-License-Identifier: Apache-2.0
/** The stalls in full, as a table: what the timeline draws. */
import { h, section } from './dom.ts';
import { clock, count, counted, duration, isOneDay } from './format.ts';
import { sortable } from './sortable.ts';
import { GLYPHS } from './theme.ts';
import { outcomeOf, type Stall, type View } from './view.ts';

const PAGE = 25;

/** @param isLive whether the latest are first */
export function stallList(view: View, select: (stall: Stall) => void, isLive = false): HTMLElement {
  let most = PAGE;
  const more = h('button', { type: 'button', className: 'more', onclick: () => lengthen() });
  const list = sortable<Stall>({
    label: 'Stalls',
    sortedBy: isLive ? 'Time' : 'Duration',
    isReversed: isLive,
    columns: [
      {
        name: 'Time',
        cell: (s) =>
          h(
            'button',
            { type: 'button', className: 'row', onclick: () => select(s) },
            clock(s.from).slice(isOneDay(...view.whole) ? 11 : 0),
          ),
        // Local times come twice where clocks are set back.
        key: (s) => s.startUnixNano.padStart(19, '0'),
        isText: true,
      },
      { name: 'Duration', cell: (s) => duration(s.durationNano), key: (s) => s.durationNano },
      {
        name: 'Trigger',
        cell: (s) => h('span', { className: `dot ${s.trigger}` }, s.trigger),
        key: (s) => s.trigger,
        isText: true,
      },
      { name: 'Outcome', cell: (s) => `${GLYPHS[outcomeOf(s)]} ${s.status}`, key: (s) => s.status, isText: true },
      { name: 'Order', cell: (s) => s.order, key: (s) => s.order },
      { name: 'Zone', cell: (s) => `${s.node}/${s.zone}`, key: (s) => `${s.node}/${s.zone}`, isText: true },
      { name: 'Thread', cell: (s) => `${s.comm} ${s.tid}`, key: (s) => `${s.comm} ${s.tid}`, isText: true },
      { name: 'Service', cell: (s) => s.service ?? '-', key: (s) => s.service ?? '', isText: true },
    ],
    dress: (element, stall) => {
      element.classList.toggle('selected', stall === view.selected);
      element.dataset.span = stall.spanId;
      element.addEventListener('click', () => select(stall));
    },
  });
  const update = () => {
    list.show(view.shown, most);
    more.hidden = view.shown.length <= most;
    more.textContent = `${counted(Math.min(200, view.shown.length - most), 'more stall')} of ${count(view.shown.length)}`;
  };
  const lengthen = () => {
    most += 200;
    update();
  };
  view.onChange(update);
  update();
  return section(
    'stalls',
    'Stalls',
    isLive ? 'Each in full, latest first' : 'Each in full, longest first',
    list.element,
    more,
  );
}
