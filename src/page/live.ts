// SPDX-License-Identifier: Apache-2.0
/** The page of a running agent. Rows that somebody reads stay where they are: what is new waits behind a button. */
import type { ReportData } from '../report/data.ts';
import { LIVE_LIMITS } from '../report/live.ts';
import { type ReportHead, ReportModel } from '../report/model.ts';
import { printable } from '../terminal.ts';
import { body } from './body.ts';
import { type ConnectionState, connect } from './connection.ts';
import { fill, h } from './dom.ts';
import { exports } from './export.ts';
import { type Head, head } from './head.ts';
import { liveBar } from './live-bar.ts';
import { missingOf } from './missing.ts';
import { View } from './view.ts';

/** Scrolled further, somebody reads. */
const SCROLLED = 40;
/** Rows and frames that somebody is at. */
const READ = 'main tbody:hover, main .flame:hover, main tbody:focus-within, main .flame:focus-within';

/** A fifth of the time is for drawing, however much there is to draw. */
const REST = 4;

interface Run {
  id: string;
  model: ReportModel;
  head: ReportHead;
}

export function showLive(): void {
  let connection: ConnectionState = 'connecting';
  let why: string | undefined;
  let isPaused = false;
  let run: Run | undefined;
  let latest: ReportData | undefined;
  let page: { view: View; head: Head; of: string } | undefined;

  const isHeld = () =>
    isPaused || page?.view.selected !== undefined || scrollY > SCROLLED || document.querySelector(READ) !== null;
  const isOtherRun = () => page !== undefined && run !== undefined && page.of !== run.id;
  const showBar = () => {
    const all = latest?.all.count ?? 0;
    const shown = isOtherRun() ? 0 : (page?.view.data.all.count ?? 0);
    bar.show({
      connection,
      why,
      missing: latest && missingOf(latest),
      isPaused,
      news: all - shown,
      isOtherRun: isOtherRun(),
      isRecent: page?.view.isZoomed === false,
    });
  };
  /** What is new becomes what is shown. */
  const showNews = () => {
    if (!latest || !run || !page) return;
    // A stall of another run is not there any more.
    if (isOtherRun()) page.view.selected = undefined;
    page.of = run.id;
    page.view.renew(latest);
    showBar();
  };
  const redraw = atTimes(() => {
    if (!run) return;
    latest = run.model.report(run.head);
    if (page) {
      page.head.update(latest);
      if (!isHeld()) showNews();
    } else page = show(latest, run.id);
    showBar();
  });
  const show = (data: ReportData, of: string) => {
    const view = new View(data, true);
    const top = head(data);
    const { filters, main } = body(view, true);
    view.onChange(showBar);
    document.title = printable(`${data.recording} · live · compactstall`);
    document.body.append(top.element, h('div', { className: 'bars' }, bar.element, filters), main);
    waiting.remove();
    return { view, head: top, of };
  };
  const shown = () => page && { view: page.view, run: page.of };
  const does = {
    pause: () => {
      isPaused = !isPaused;
      showBar();
      redraw();
    },
    showNews,
    goHome: () => page?.view.goHome(),
  };
  const bar = liveBar(does, exports(shown));
  const waiting = h('p', { className: 'waiting', at: { role: 'status' } });
  document.body.append(waiting);

  connect({
    start: ({ run: id, report }) => {
      const { version, recording, filters, traceUrl, books, live } = report;
      run = {
        id,
        model: ReportModel.from(report, LIVE_LIMITS),
        head: { version, recording, filters, books, ...(traceUrl && { traceUrl }), ...(live && { live }) },
      };
      redraw();
    },
    more: ({ events, slices, books, atUnixNano }) => {
      if (!run) return;
      run.model.add(events);
      for (const slice of slices) run.model.addKernel(slice);
      run.head = {
        ...run.head,
        ...(books && { books }),
        ...(run.head.live && { live: { ...run.head.live, atUnixNano } }),
      };
      redraw();
    },
    state: (state, refusal) => {
      [connection, why] = [state, refusal];
      if (!page)
        fill(
          waiting,
          state === 'lost' || state === 'ended'
            ? `No connection to the agent, trying again${refusal ? `: ${refusal}` : ''}.`
            : 'Connecting to the agent.',
        );
      showBar();
    },
  });
}

/** Draws when somebody can see it, and not more often than a browser can. */
function atTimes(draw: () => void): () => void {
  let timer: number | undefined;
  let isWanted = false;
  const drawNow = () => {
    timer = undefined;
    if (!isWanted || document.hidden) return;
    isWanted = false;
    const startMs = performance.now();
    draw();
    timer = window.setTimeout(drawNow, REST * (performance.now() - startMs));
  };
  document.addEventListener('visibilitychange', () => timer ?? drawNow());
  return () => {
    isWanted = true;
    if (timer === undefined) drawNow();
  };
}
