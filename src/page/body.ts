// SPDX-License-Identifier: Apache-2.0
/** All parts below the top, of a report and of a running agent. */
import { asTable, h, section } from './dom.ts';
import { filters } from './filters.ts';
import { flameGraph } from './flame.ts';
import { heatMap, heatTable } from './heat-map.ts';
import { loadPlot, loadTable } from './load.ts';
import { stallPanel } from './stall.ts';
import { stallList } from './stall-list.ts';
import { hasAll } from './sums.ts';
import { GLYPHS } from './theme.ts';
import { timeline } from './timeline.ts';
import type { Stall, View } from './view.ts';
import { who } from './who.ts';
import { zones } from './zones.ts';

export interface Body {
  filters: HTMLElement;
  main: HTMLElement;
}

/** @param isLive whether newer data will come */
export function body(view: View, isLive = false): Body {
  const select = (stall: Stall) => view.change({ selected: stall });
  /** Selects the next one that is shown, or the one before. */
  const step = (by: number) => {
    const { shown, selected } = view;
    const at = selected ? shown.indexOf(selected) : -1;
    const stall = at < 0 ? shown[by > 0 ? 0 : shown.length - 1] : shown[at + by];
    if (stall) select(stall);
  };
  const load = loadPlot(view);
  const heat = heatMap(view);
  const lanes = timeline(view, select, step);
  const tables = [asTable('Time stalled', () => loadTable(view)), asTable('Durations', () => heatTable(view))];
  const strip = h('small', {}, ' with a strip at the bottom where compactions were left out or lost');
  const of = h('small', { className: 'of' });
  const update = () => {
    strip.hidden = view.data.gaps.length === 0;
    of.textContent = ` ${ofWhat(view)}`;
    for (const plot of [load, heat, lanes]) plot.update();
    for (const details of tables) details.dispatchEvent(new Event('refresh'));
  };
  view.onChange(update);
  update();
  return {
    filters: filters(view, step, isLive),
    main: h(
      'main',
      {},
      section(
        'time',
        'When, and for how long',
        'Time stalled; durations, in a stronger colour where there are more; each stall in the row of its thread',
        h('h3', {}, 'Time stalled', strip),
        load.element,
        tables[0],
        h('h3', {}, 'Durations', of),
        heat.element,
        tables[1],
        h(
          'h3',
          {},
          'Timeline',
          h(
            'small',
            {},
            ` ${GLYPHS.success} success  ${GLYPHS.failure} failure  ${GLYPHS.contended} contended  ${GLYPHS.other} other`,
          ),
        ),
        lanes.element,
      ),
      stallPanel(view, select),
      stallList(view, select, isLive),
      who(view),
      flameGraph(view),
      zones(view),
    ),
  };
}

/** What the durations and the time stalled are of. */
function ofWhat(view: View): string {
  if (hasAll(view)) return "of all compactions, by the kernel's own sums";
  return view.data.kernel === undefined
    ? 'of the compactions that were recorded'
    : "of the compactions that were recorded: the kernel's sums have no services";
}
