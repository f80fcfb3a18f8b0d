// SPDX-License-Identifier: Apache-2.0
/**
 * Colours and fonts of a trace's picture. A web page shows it as an image, so it brings its style: one for light pages, one for
 * dark pages. An image cannot load fonts, so it uses those of the reader's system.
 */
import type { Font } from './svg.ts';

export const TITLE: Font = { size: 16 };
export const LABEL: Font = { size: 13 };
export const SMALL: Font = { size: 12 };
export const CODE: Font = { size: 11.5, mono: true };

/** Services take these in turn. */
export const SERVICE_COLOURS = ['teal', 'violet', 'ochre'];

/** On light pages, on dark pages. */
const COLOURS: Record<string, [string, string]> = {
  teal: ['#0f9aa0', '#2bb8bf'],
  violet: ['#8a63d2', '#a78bfa'],
  ochre: ['#b7791f', '#d9a441'],
  stall: ['#d9480f', '#ff7b4a'],
  page: ['#ffffff', '#0d1117'],
  panel: ['#fff4ee', '#201612'],
  grid: ['#e4e8ec', '#262c34'],
  edge: ['#d1d9e0', '#3d444d'],
  ink: ['#1f2328', '#e6edf3'],
  faint: ['#59636e', '#9198a1'],
};

export function style(): string {
  const colours = (which: 0 | 1) =>
    Object.entries(COLOURS)
      .map(([name, pair]) => `--${name}:${pair[which]}`)
      .join(';');
  const sans = "system-ui,-apple-system,'Segoe UI','Noto Sans','Liberation Sans',sans-serif";
  const mono = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
  return `
svg{${colours(0)}}
@media(prefers-color-scheme:dark){svg{${colours(1)}}}
text{font:${LABEL.size}px ${sans};fill:var(--ink)}
.title{font-size:${TITLE.size}px;font-weight:600}
.small{font-size:${SMALL.size}px;fill:var(--faint)}
.code{font:${CODE.size}px ${mono}}
.name{font-weight:600}
.faint{fill:var(--faint)}
.hot{fill:var(--stall);font-weight:600}
.end{text-anchor:end}
`;
}
