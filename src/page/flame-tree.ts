// SPDX-License-Identifier: Apache-2.0
/** Stacks as a tree, from the outermost function on, weighted by stalled time. */
import type { ReportData, StackRow, Totals } from '../report/data.ts';

export interface Frame {
  name: string;
  count: number;
  sumNano: number;
  /** Longest first. */
  children: Frame[];
}

/** The offset in a function: all calls from it are one frame. */
const OFFSET = /\+0x[\da-f]+(?= \[|$)/;

/** @param others of stacks without a place */
export function flameTree(data: ReportData, wants: (row: StackRow) => boolean, others?: Totals): Frame {
  const root = frame('all');
  const found = new Map<Frame, Map<string, Frame>>();
  for (const row of data.stacks) {
    if (!wants(row)) continue;
    let at = root;
    add(at, row);
    for (const name of [row.trigger, ...namesOf(data, row)]) {
      const children = found.get(at) ?? new Map<string, Frame>();
      found.set(at, children);
      let child = children.get(name);
      if (!child) {
        child = frame(name);
        children.set(name, child);
        at.children.push(child);
      }
      add(child, row);
      at = child;
    }
  }
  if (others) {
    add(root, others);
    root.children.push({ ...frame('(others)'), count: others.count, sumNano: others.sumNano });
  }
  for (const { children } of found.keys()) children.sort((a, b) => b.sumNano - a.sumNano);
  return root;
}

function namesOf({ frames, stackTable }: ReportData, { stack, omitted }: StackRow): string[] {
  if (stack < 0) return [omitted === undefined ? 'no stack' : `no stack: ${omitted}`];
  return stackTable[stack]!.map((number) => frames[number]!.replace(OFFSET, '')).reverse();
}

const frame = (name: string): Frame => ({ name, count: 0, sumNano: 0, children: [] });

function add(frame: Frame, { count, sumNano }: Totals): void {
  frame.count += count;
  frame.sumNano += sumNano;
}
