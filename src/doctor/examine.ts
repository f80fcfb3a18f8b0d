// SPDX-License-Identifier: Apache-2.0
import { type Check, fail, type Topic, warn } from './check.ts';

/** Runs the checks one after the other: attaching must not disturb a connection, nor the other way round. */
export async function examine(topics: readonly Topic[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const topic of topics) checks.push({ id: topic.id, ...(await find(topic)) });
  return checks;
}

/** Whether `run` would start. */
export const canRun = (checks: readonly Check[]): boolean => checks.every(({ status }) => status !== 'fail');

/** The checks that `run` depends on: when one of them breaks, `run` would not start either. */
const DECISIVE = new Set(['install', 'btf', 'plan', 'attach']);

/** Makes one check. A check that breaks must not hide the others; it reports `unknown`. */
async function find({ id, examine }: Topic) {
  try {
    const finding = await examine();
    return { ...finding, why: oneLine(finding.why), ...('todo' in finding && { todo: oneLine(finding.todo) }) };
  } catch (error) {
    const judge = DECISIVE.has(id) ? fail : warn;
    return judge(`unknown: the check failed: ${oneLine(String(error))}`, 'Please report it.');
  }
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ').trim();
