// SPDX-License-Identifier: Apache-2.0
/**
 * What the agent asks the prober, and what it answers: lines of JSON, answers in the order of the questions. What is no
 * answer of this form is none at all; what the values say comes from processes that nobody trusts, and has its bounds.
 */
import { PUBLISHER_SIZE } from '../abi.generated.ts';
import type { ProcessIdentity } from './service/executables.ts';
import type { ProcessFacts } from './service/identify.ts';
import { REASONS, type Reason } from './thread-context/reason.ts';
import type { Located } from './thread-context/record.ts';

export type Question =
  /** Which program is in that process? With the version of what is known of it already. */
  | { about: 'program'; pid: number; version: number }
  /** The same of one that makes those wait who look into it: nothing is asked but what waits for nobody. */
  | { about: 'status'; pid: number; version: number }
  /** Where do its threads publish their contexts? */
  | { about: 'contexts'; pid: number }
  /** No question: it publishes something else now. */
  | { about: 'published'; pid: number };

const ABOUT = new Set(['program', 'status', 'contexts', 'published'] satisfies Question['about'][]);

/**
 * The prober begins with a line of this and its pid, also when it had to begin again; the agent says it back, and asks
 * what is open. Questions before that were to one that is no more: answered, they would be one answer too many each.
 */
export const READY = 'ready ';

/** On its standard error: an answer that it has not, as something failed. */
export const FAILED = 'no answer: ';

interface IdentityLine {
  startedNs: string;
  execId: string;
  comm: string;
  kernel: boolean;
  version: number;
  facts?: ProcessFacts;
}

/** undefined for what is no question. */
export function parseQuestion(line: string): Question | undefined {
  const question = parseObject(line) as Partial<Question> | undefined;
  const isOne = question?.about !== undefined && ABOUT.has(question.about) && Number.isSafeInteger(question.pid);
  return isOne ? (question as Question) : undefined;
}

/** @param known version of the facts that the asker has; they are not sent again */
export function identityLine(program: ProcessIdentity | undefined, known: number): string {
  if (program === undefined) return 'null';
  const { startedNs, execId, comm, isKernelThread, version, facts } = program;
  const line: IdentityLine = {
    startedNs: String(startedNs),
    execId,
    comm,
    kernel: isKernelThread,
    version,
    ...(facts && version !== known && { facts }),
  };
  return JSON.stringify(line);
}

/** undefined when the process has gone. */
export function parseIdentity(line: string): ProcessIdentity | undefined {
  const found = parseObject(line) as Partial<IdentityLine> | undefined;
  if (!found || !/^\d+$/.test(found.startedNs ?? '') || typeof found.comm !== 'string') return undefined;
  return {
    startedNs: BigInt(found.startedNs!),
    execId: String(found.execId),
    comm: found.comm,
    isKernelThread: found.kernel === true,
    version: Number(found.version),
    facts: found.facts,
  };
}

export const contextsLine = (located: Located): string =>
  JSON.stringify('publisher' in located ? { publisher: located.publisher.toString('base64') } : located);

/** undefined for what is no answer. */
export function parseContexts(line: string): Located | undefined {
  const { publisher, reason } = (parseObject(line) ?? {}) as { publisher?: unknown; reason?: unknown };
  if (typeof reason === 'string' && Object.hasOwn(REASONS, reason)) return { reason: reason as Reason };
  const bytes = typeof publisher === 'string' ? Buffer.from(publisher, 'base64') : undefined;
  return bytes?.length === PUBLISHER_SIZE ? { publisher: bytes } : undefined;
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
