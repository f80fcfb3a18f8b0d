// SPDX-License-Identifier: Apache-2.0
import { type Check, fail, type Topic, warn } from './check.ts';

/** Makes the checks one after the other: attaching must not disturb a connection, nor the other way round. */
export async function examine(topics: readonly Topic[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const topic of topics) checks.push({ id: topic.id, ...(await find(topic)) });
  return checks;
}

/** Whether `run` would start. */
export const canRun = (checks: readonly Check[]): boolean => checks.every(({ status }) => status !== 'fail');

/** Without these `run` does not start, so when one of them breaks, it would not either. */
const DECISIVE = new Set(['install', 'btf', 'plan', 'attach']);

/** A check that fails itself must not hide the others; what it says of the host is then not known. */
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
