// SPDX-License-Identifier: Apache-2.0
/** One stall in full. */
import type { ZoneState } from '../event/event.ts';
import { adviceFor, callerIn, memoryState } from '../report/advice.ts';
import { traceUrl } from '../report/trace-url.ts';
import { type Child, fill, h } from './dom.ts';
import { clock, count, duration } from './format.ts';
import { hostOf } from './host.ts';
import { GLYPHS } from './theme.ts';
import { outcomeOf, type Stall, type View } from './view.ts';
import { pair, stateHeadings } from './zones.ts';

export function stallPanel(view: View, select: (stall: Stall) => void): HTMLElement {
  const element = h('aside', {
    className: 'stall',
    tabIndex: -1,
    at: { 'aria-label': 'One stall in full', 'aria-live': 'polite' },
  });
  let shown: Stall | undefined;
  const update = () => {
    const stall = view.selected;
    // Newer data has another object for the same stall.
    if (stall?.spanId === shown?.spanId && element.hasChildNodes()) return;
    shown = stall;
    if (stall) fill(element, ...parts(view, stall, select));
    else
      fill(
        element,
        h('h2', {}, 'One stall'),
        h('p', { className: 'quiet' }, 'Choose one in the timeline or the list: with a click, or with j and k.'),
      );
  };
  view.onChange(update);
  update();
  return element;
}

function parts({ data, stalls }: View, stall: Stall, select: (stall: Stall) => void): Child[] {
  const { trigger, status, order, mode, priority, gfp, context, attempt, stackOmitted } = stall;
  const advice = adviceFor(stall);
  const resource = stall.resource === undefined ? undefined : data.resources[stall.resource];
  const frames = data.stackTable[stall.stack]?.map((number) => data.frames[number]!) ?? [];
  const caller = trigger === 'direct' ? callerIn(frames) : undefined;
  const state = memoryState(stall.begin.index);
  const others = attempt === undefined ? [] : stalls.filter((other) => other !== stall && other.attempt === attempt);
  return [
    h(
      'h2',
      { className: trigger },
      `${GLYPHS[outcomeOf(stall)]} ${duration(stall.durationNano)}`,
      h('small', {}, ` ${trigger}, ${status}`),
    ),
    h('p', { className: 'quiet' }, `${clock(stall.from, 6)} on CPU ${stall.cpu}`),
    advice &&
      h(
        'p',
        { className: 'advice' },
        sentence(advice.means),
        advice.todo !== '' && h('span', {}, ` To do: ${advice.todo}.`),
      ),
    caller !== undefined && h('p', {}, `Who wanted it: ${caller}.`),
    state !== undefined && h('p', {}, `Fragmentation index ${stall.begin.index!.toFixed(3)}: ${state}.`),
    data.traceUrl !== undefined &&
      h(
        'p',
        {},
        h(
          'a',
          { href: traceUrl(data.traceUrl, stall), target: '_blank', rel: 'noopener noreferrer' },
          'Open its trace',
        ),
      ),
    facts([
      ['Host', hostOf(data, stall.host)],
      ['Service', stall.service],
      ['Process', `${stall.process} ${stall.pid}`],
      ['Thread', `${stall.comm} ${stall.tid}`],
      ['Container', stall.container],
      ['Zone', `node ${stall.node}, ${stall.zone}`],
      ['Order', order < 0 ? '-1: the whole zone' : `${order}: ${count(2 ** order)} contiguous pages`],
      ['Mode', priority === undefined ? mode : `${mode}, priority ${priority}`],
      ['gfp', gfp.join(' | ')],
      ['Scanned', `${count(stall.scanned.migrate)} pages to move, ${count(stall.scanned.free)} for room`],
      [
        'Watermarks',
        `min ${count(stall.watermark.min)}, low ${count(stall.watermark.low)}, high ${count(stall.watermark.high)} pages`,
      ],
      ['Span', stall.spanId],
      ['Trace', stall.traceId],
      ['In the span', context && `${context.spanId} (${context.relation}, found by ${context.source})`],
    ]),
    zoneTable(stall.begin, stall.end),
    others.length > 0 &&
      h(
        'p',
        {},
        'The same attempt: ',
        ...others
          .slice(0, 20)
          .map((other) =>
            h(
              'button',
              { type: 'button', className: 'plain', onclick: () => select(other) },
              `${other.zone} ${duration(other.durationNano)}`,
            ),
          ),
      ),
    h('h3', {}, 'Kernel stack'),
    frames.length > 0
      ? h('ol', { className: 'stack' }, ...frames.map((frame) => h('li', {}, frame)))
      : h('p', { className: 'quiet' }, stackOmitted === undefined ? 'none' : `none: ${stackOmitted}`),
    resource &&
      h(
        'details',
        {},
        h('summary', {}, 'Resource'),
        facts(
          Object.entries(resource).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(', ') : String(value),
          ]),
        ),
      ),
    context?.attributes &&
      h('details', {}, h('summary', {}, 'Attributes of its span'), facts(Object.entries(context.attributes))),
  ];
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const facts = (rows: readonly (readonly [string, string | undefined])[]) =>
  h(
    'dl',
    { className: 'facts' },
    ...rows.flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [h('dt', {}, name), h('dd', {}, value)],
    ),
  );

function zoneTable(begin: ZoneState, end: ZoneState): HTMLElement {
  const most = Math.max(1, ...begin.blocks, ...end.blocks);
  const index = ({ index }: ZoneState) => (index === null ? '-' : index.toFixed(3));
  const row = (name: string, from: string, to: string, bars?: HTMLElement) =>
    h('tr', {}, h('td', {}, name), h('td', {}, from), h('td', {}, to), h('td', {}, bars));
  return h(
    'table',
    { className: 'blocks' },
    h('caption', {}, 'The zone, at begin and end'),
    h('thead', {}, h('tr', {}, ...stateHeadings('State'))),
    h(
      'tbody',
      {},
      row('Free pages', count(begin.free), count(end.free)),
      row('Fragmentation index', index(begin), index(end)),
      ...begin.blocks.map((n, order) =>
        row(`Order ${order}`, count(n), count(end.blocks[order] ?? 0), pair(n, end.blocks[order] ?? 0, most)),
      ),
    ),
  );
}
