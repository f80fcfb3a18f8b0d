// SPDX-License-Identifier: Apache-2.0
/** The line that stays at the top of a running agent's page: its state, and the controls. */
import type { ConnectionState } from './connection.ts';
import { h } from './dom.ts';
import { count } from './format.ts';
import type { Missing } from './missing.ts';

export interface LiveBar {
  element: HTMLElement;
  show(state: BarState): void;
}

export interface BarState {
  connection: ConnectionState;
  /** Why the agent has refused it. */
  why: string | undefined;
  isPaused: boolean;
  /** Compactions with a row that are not on the page yet. */
  news: number;
  /** Whether they are of another run than the page shows. */
  isOtherRun: boolean;
  /** What is missing, where it is known. */
  missing: Pick<Missing, 'isWhole' | 'brief'> | undefined;
  /** Whether the page shows the last five minutes. */
  isRecent: boolean;
}

const WORDS: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting to the agent',
  connected: 'live',
  lost: 'connection lost, trying again',
  ended: 'the agent has ended; trying again',
};

export function liveBar(does: { pause(): void; showNews(): void; goHome(): void }, ...more: HTMLElement[]): LiveBar {
  const state = h('span', { className: 'connection', at: { role: 'status' } });
  const books = h('span', { className: 'brief' });
  const pause = h(
    'button',
    { type: 'button', className: 'pause', onclick: () => does.pause(), at: { 'aria-keyshortcuts': 'p' } },
    'Pause',
  );
  const news = h('button', {
    type: 'button',
    className: 'news',
    onclick: () => does.showNews(),
    at: { 'aria-keyshortcuts': 'n' },
  });
  const home = h(
    'button',
    { type: 'button', onclick: () => does.goHome(), at: { 'aria-keyshortcuts': 'l' } },
    'Last 5 minutes',
  );
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    if (event.key === 'p') does.pause();
    else if (event.key === 'n') does.showNews();
    else if (event.key === 'l') does.goHome();
  });
  return {
    element: h(
      'div',
      { className: 'live', at: { role: 'region', 'aria-label': 'Connection and export' } },
      ...[state, books, pause, news, home, ...more],
    ),
    show: ({ connection, why, missing, isPaused, news: n, isOtherRun, isRecent }) => {
      const said = why === undefined ? WORDS[connection] : `${WORDS[connection]}: ${why}`;
      const words = isPaused && connection === 'connected' ? 'paused' : said;
      // A status that is written again is read out again.
      if (state.textContent !== words) state.textContent = words;
      state.dataset.state = isPaused && connection === 'connected' ? 'paused' : connection;
      if (missing) {
        books.className = missing.isWhole ? 'brief' : 'brief warn';
        books.textContent = `${missing.isWhole ? '✓' : '!'} ${missing.brief}`;
      }
      pause.setAttribute('aria-pressed', String(isPaused));
      home.setAttribute('aria-pressed', String(isRecent));
      news.hidden = n === 0 && !isOtherRun;
      news.textContent = isOtherRun ? `the agent was started again: ${count(n)} new` : `${count(n)} new`;
    },
  };
}
