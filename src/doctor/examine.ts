// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode } from '../errors.ts';
import { type Check, fail, type Topic, warn } from './check.ts';

/** Runs the checks one after the other: attaching must not disturb a connection, nor the other way round. */
export async function examine(topics: readonly Topic[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const topic of topics) checks.push({ id: topic.id, ...(await find(topic)) });
  return checks;
}

/** The exit code with which `run` would fail to start, or 0. A setting comes first, as `run` checks it before anything else. */
export function startCode(checks: readonly Check[]): ExitCode {
  const codes = checks.flatMap((check) => (check.status === 'fail' ? check.exitCode : []));
  return codes.includes(EXIT.USAGE) ? EXIT.USAGE : (codes[0] ?? EXIT.OK);
}

/** Whether `run` would start. */
export const canRun = (checks: readonly Check[]): boolean => startCode(checks) === EXIT.OK;

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
