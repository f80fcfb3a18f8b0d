// SPDX-License-Identifier: Apache-2.0
/** A flame graph, outermost frame at the top: a tree that the arrow keys walk through. */
import { fill, h, section } from './dom.ts';
import { type Frame, flameTree } from './flame-tree.ts';
import { counted, duration, share } from './format.ts';
import type { View } from './view.ts';

/** Narrower frames are not drawn: less than a pixel. */
const NARROWEST = 0.0008;
const ROW = 19;

interface Placed {
  frame: Frame;
  element: HTMLElement;
  parent: Placed | undefined;
  children: Placed[];
}

export function flameGraph(view: View): HTMLElement {
  let root = treeOf(view);
  /** From the root to the frame that has the whole width. */
  let zoom: Frame[] = [];
  const box = h('div', { className: 'flame', at: { role: 'tree', 'aria-label': 'Kernel stacks by stalled time' } });
  const status = h('p', { className: 'note flame-status', at: { 'aria-live': 'polite' } });
  const search = h('input', {
    type: 'search',
    placeholder: 'search functions …',
    oninput: () => mark(),
    at: { 'aria-label': 'Search functions' },
  });
  const all = new Map<HTMLElement, Placed>();
  let top: Placed;

  const say = (frame: Frame) => {
    status.textContent = `${frame.name}: ${duration(frame.sumNano)}, ${share(frame.sumNano, root.sumNano)}, ${counted(frame.count, 'compaction')}`;
  };
  const draw = () => {
    all.clear();
    fill(box);
    const focus = zoom.at(-1) ?? root;
    let deepest = 0;
    const place = (frame: Frame, depth: number, left: number, width: number, parent: Placed | undefined): Placed => {
      deepest = Math.max(deepest, depth);
      const element = h(
        'div',
        {
          className: `frame${frame === focus && zoom.length > 0 ? ' focus' : ''}`,
          tabIndex: -1,
          at: { role: 'treeitem', 'aria-level': depth + 1, 'aria-label': `${frame.name}, ${duration(frame.sumNano)}` },
        },
        frame.name,
      );
      Object.assign(element.style, { left: `${left * 100}%`, width: `${width * 100}%`, top: `${depth * ROW}px` });
      element.style.setProperty('--warmth', String(warmth(frame.name)));
      box.append(element);
      const placed: Placed = { frame, element, parent, children: [] };
      all.set(element, placed);
      if (depth < zoom.length) {
        // Above the focus: only the way to it.
        placed.children = [place(zoom[depth]!, depth + 1, 0, 1, placed)];
        return placed;
      }
      let at = left;
      for (const child of frame.children) {
        const part = frame.sumNano > 0 ? (child.sumNano / frame.sumNano) * width : 0;
        if (part >= NARROWEST) placed.children.push(place(child, depth + 1, at, part, placed));
        at += part;
      }
      return placed;
    };
    top = place(root, 0, 0, 1, undefined);
    top.element.tabIndex = 0;
    box.style.height = `${(deepest + 1) * ROW}px`;
    mark();
  };
  const mark = () => {
    const words = search.value.trim().toLowerCase();
    for (const [element, { frame }] of all) {
      const isFound = words !== '' && frame.name.toLowerCase().includes(words);
      element.classList.toggle('found', isFound);
      element.classList.toggle('dim', words !== '' && !isFound);
    }
    if (words === '') say(zoom.at(-1) ?? root);
    else {
      const sumNano = matched(root, words);
      status.textContent = `found in ${duration(sumNano)}, ${share(sumNano, root.sumNano)}`;
    }
  };
  /** The way to a frame, without the root. */
  const wayTo = (placed: Placed): Frame[] => (placed.parent ? [...wayTo(placed.parent), placed.frame] : []);
  const zoomTo = (placed: Placed) => {
    zoom = wayTo(placed);
    draw();
    [...all.values()].find(({ frame }) => frame === placed.frame)?.element.focus();
  };
  const placedAt = (event: Event) => all.get(event.target as HTMLElement);
  box.addEventListener('click', (event) => {
    const placed = placedAt(event);
    if (placed) zoomTo(placed);
  });
  for (const type of ['pointerover', 'focusin']) {
    box.addEventListener(type, (event) => {
      const placed = placedAt(event);
      if (placed) say(placed.frame);
    });
  }
  box.addEventListener('keydown', (event) => {
    const placed = placedAt(event);
    if (!placed || event.ctrlKey || event.altKey || event.metaKey) return;
    const siblings = placed.parent?.children ?? [placed];
    const at = siblings.indexOf(placed);
    const next: Readonly<Record<string, Placed | undefined>> = {
      ArrowDown: placed.children[0],
      ArrowUp: placed.parent,
      ArrowLeft: siblings[at - 1],
      ArrowRight: siblings[at + 1],
      Home: top,
    };
    if (event.key === 'Enter' || event.key === ' ') zoomTo(placed);
    else if (event.key in next) next[event.key]?.element.focus();
    else return;
    event.preventDefault();
  });
  view.onChange(() => {
    const isOther = key(view) !== drawn;
    if (!isOther) return;
    drawn = key(view);
    root = treeOf(view);
    zoom = sameWay(root, zoom);
    draw();
  });
  let drawn = key(view);
  draw();
  return section(
    'stacks',
    'Which code asked for memory',
    'Kernel stacks of all compactions, weighted by stalled time; a click or Enter zooms',
    h('div', { className: 'flame-tools' }, search, status),
    h('div', { className: 'flame-scroll' }, box),
  );
}

function treeOf(view: View): Frame {
  const { data, hasAllSums } = view;
  return flameTree(
    data,
    ({ trigger, service }) => view.wants(trigger, service),
    hasAllSums ? data.stacksOthers : undefined,
  );
}

/** What the tree depends on. */
const key = ({ triggers, service, data }: View) =>
  JSON.stringify([[...triggers], service === undefined ? 0 : service, data.all.count]);

/** The way through another tree by the same names, as far as it has them. */
function sameWay(root: Frame, way: readonly Frame[]): Frame[] {
  const found: Frame[] = [];
  for (const { name } of way) {
    const next = (found.at(-1) ?? root).children.find((child) => child.name === name);
    if (!next) break;
    found.push(next);
  }
  return found;
}

/** The time of stacks with the words in them, each stack once. */
function matched(frame: Frame, words: string): number {
  if (frame.name.toLowerCase().includes(words)) return frame.sumNano;
  return frame.children.reduce((sum, child) => sum + matched(child, words), 0);
}

/** Of 0 to 1, the same for equal names: neighbours differ in colour. */
function warmth(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 997;
  return hash / 997;
}
