// SPDX-License-Identifier: Apache-2.0
/** The page of a report: reads the data that is in it, and shows it. */
import type { ReportData } from '../report/data.ts';
import { printable } from '../terminal.ts';
import { asTable, h, section } from './dom.ts';
import { filters } from './filters.ts';
import { flameGraph } from './flame.ts';
import { head } from './head.ts';
import { heatMap, heatTable } from './heat-map.ts';
import { loadPlot, loadTable } from './load.ts';
import { stallPanel } from './stall.ts';
import { stallList } from './stall-list.ts';
import { GLYPHS } from './theme.ts';
import { timeline } from './timeline.ts';
import { type Stall, View } from './view.ts';
import { who } from './who.ts';
import { zones } from './zones.ts';

const data: ReportData = JSON.parse(document.getElementById('data')!.textContent);
const view = new View(data);
document.title = printable(`${data.recording} · compactstall`);

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
view.onChange(() => {
  for (const plot of [load, heat, lanes]) plot.update();
  for (const details of tables) details.dispatchEvent(new Event('refresh'));
});

document.body.append(
  head(view),
  filters(view, step),
  h(
    'main',
    {},
    section(
      'time',
      'When, and for how long',
      'Time stalled; durations, darker where there are more; each stall in the row of its thread',
      h(
        'h3',
        {},
        'Time stalled',
        data.gaps.length > 0 && h('small', {}, ' with a strip at the bottom where compactions were left out or lost'),
      ),
      load.element,
      tables[0],
      h('h3', {}, 'Durations'),
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
    stallList(view, select),
    who(view),
    flameGraph(view),
    zones(view),
  ),
);
