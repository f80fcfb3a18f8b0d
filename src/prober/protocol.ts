// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that the agent and the prober know of each other: the questions, the answers, and their form as lines of JSON.
 * Answers come in the order of the questions. A line of another form is not an answer. The values come from processes that
 * nobody trusts, and are bounded.
 */
import { PUBLISHER, PUBLISHER_SIZE, TLS, TLS_PLACE, TLS_PLACE_SIZE } from '../abi.generated.ts';
import type { ProcStat } from '../procfs/stat.ts';
import { isResourceAttributes, type ResourceAttributes } from '../protobuf/attribute.ts';
import { REASONS, type Reason } from './thread-context/reason.ts';

export type Question =
  /** Which executable runs in the process, and of which service? `version` is that of the facts that the agent already has. */
  | { about: 'identity'; pid: number; version: number }
  /** The same as far as it is known without reading its memory, for a process that makes its readers wait. */
  | { about: 'outside'; pid: number }
  /** Where do its threads publish their contexts? */
  | { about: 'contexts'; pid: number }
  /** Why is the answer to the first question what it is? `doctor` asks this, and `run` does not. */
  | { about: 'explanation'; pid: number }
  /** Not a question but a notice: the process has published another context. */
  | { about: 'published'; pid: number };

const ABOUT = new Set(['identity', 'outside', 'contexts', 'explanation', 'published'] satisfies Question['about'][]);

/** The facts about a stalled process, kept while it lives. */
export interface ProcessFacts {
  executable?: string;
  container?: string;
  resource?: ResourceAttributes;
}

/** One executable in one process, from exec to exec, with its facts. */
export interface ProcessIdentity extends Pick<ProcStat, 'startedNs' | 'execId' | 'comm' | 'isKernelThread'> {
  /** The version of the facts, which changes whenever they may have changed. */
  version: number;
  /** undefined for a kernel thread, after an exec in between, and when the agent already has this version. */
  facts: ProcessFacts | undefined;
}

/**
 * Where the threads of a process publish their contexts, as a `struct publisher` of bpf/event.h, and the names of the attributes
 * in them, by index; or why they do not publish.
 */
export type Located = { publisher: Buffer; keys: readonly string[] } | { reason: Reason };

const MAX_KEYS = 256;

/** The number of places in a `struct publisher`. */
export function placesIn(publisher: Buffer): number {
  const kinds = Array.from({ length: PUBLISHER.places.size / TLS_PLACE_SIZE }, (_, i) =>
    publisher.readUInt32LE(PUBLISHER.places.offset + i * TLS_PLACE_SIZE + TLS_PLACE.kind.offset),
  );
  return kinds.filter((kind) => kind !== TLS.NONE).length;
}

/** The languages whose programs are recognised. A program of none of them may be in any language. */
export const LANGUAGES = ['dotnet', 'erlang', 'go', 'java', 'nodejs', 'php', 'python', 'ruby'] as const;
export type Language = (typeof LANGUAGES)[number];

const NAMED_BY = ['process_context', 'environment', 'nothing'] as const;
const ENVIRONMENTS = ['there', 'overwritten', 'unread'] as const;

/** What is behind the service of a process. */
export interface Explanation {
  /** What names the service; `nothing`: only the executable. */
  namedBy: (typeof NAMED_BY)[number];
  /** Of the program's start: overwritten by the program, or not read, as when its pages are not in memory. */
  environment: (typeof ENVIRONMENTS)[number];
  /** Whether OTEL_CONFIG_FILE is set in it. */
  configFile: boolean;
  /** Whether DD_TRACE_OTEL_CTX_ENABLED forbids Datadog's tracers to publish spans. ddtrace 4.16.0 announces them nevertheless. */
  forbidden: boolean;
  /**
   * Whether a process context of it says that its threads have contexts, or it has loaded compactstall/register; undefined
   * without a process context.
   */
  announces?: boolean;
  language?: Language;
  /** Python's, such as `3.11`. */
  version?: string;
}

/** The `service.name`, by the semantic conventions, of a service without a name: both sides know such. */
export const unknownService = (executable: string | undefined): string =>
  executable ? `unknown_service:${executable}` : 'unknown_service';

/** The version of facts that were found without reading the process's memory. They do not replace what is known. */
export const FROM_OUTSIDE = -1;

/** The number of processes that each side remembers. */
export const MAX_PROCESSES = 4096;

/** The supervisor begins with a line of this and the pid of the prober, before it starts one. */
export const STARTED = 'started ';

/**
 * The prober begins with a line of this and its pid, also after a restart. The agent repeats the line, and then asks its open
 * questions. Questions before the line were for an earlier prober, so they get no answer.
 */
export const READY = 'ready ';

/** Begins a line of the prober's standard error that tells why an answer is `null`. */
export const FAILED = 'no answer: ';

/** The answer to anything that is not a question or has no answer. */
export const NO_ANSWER = 'null';

interface IdentityLine {
  startedNs: string;
  execId: string;
  comm: string;
  kernel: boolean;
  version: number;
  facts?: ProcessFacts;
}

export const questionLine = (question: Question): string => JSON.stringify(question);

/** Parses a question. @returns undefined when it is not one */
export function parseQuestion(line: string): Question | undefined {
  const question = parseObject(line) as Partial<Question> | undefined;
  const isOne = question?.about !== undefined && ABOUT.has(question.about) && isCount(question.pid);
  return isOne ? (question as Question) : undefined;
}

/** @param known version of the facts that the agent has; they are not sent again */
export function identityLine(identity: ProcessIdentity | undefined, known: number): string {
  if (identity === undefined) return NO_ANSWER;
  const { startedNs, execId, comm, isKernelThread, version, facts } = identity;
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

/** Parses an identity. @returns undefined when it is not one, as of a process that has ended */
export function parseIdentity(line: string): ProcessIdentity | undefined {
  const { startedNs, execId, comm, kernel, version, facts } = (parseObject(line) ?? {}) as UnknownValues<IdentityLine>;
  if (typeof startedNs !== 'string' || !NANOSECONDS.test(startedNs)) return undefined;
  if (typeof execId !== 'string' || typeof comm !== 'string' || !Number.isSafeInteger(version)) return undefined;
  if (facts !== undefined && !isFacts(facts)) return undefined;
  return {
    startedNs: BigInt(startedNs),
    execId,
    comm,
    isKernelThread: kernel === true,
    version: version as number,
    facts,
  };
}

type UnknownValues<T> = { [Name in keyof T]?: unknown };

/** Ticks of 64 bits, in nanoseconds. */
const NANOSECONDS = /^\d{1,27}$/;

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isAbsentOr = (type: 'string' | 'boolean', value: unknown) => value === undefined || typeof value === type;

function isFacts(value: unknown): value is ProcessFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { executable, container, resource } = value as UnknownValues<ProcessFacts>;
  if (!isAbsentOr('string', executable) || !isAbsentOr('string', container)) return false;
  return resource === undefined || isResourceAttributes(resource);
}

export const contextsLine = (located: Located): string =>
  JSON.stringify('publisher' in located ? { ...located, publisher: located.publisher.toString('base64') } : located);

/** Parses a place of contexts. @returns undefined when it is not one */
export function parseContexts(line: string): Located | undefined {
  const { publisher, keys, reason } = (parseObject(line) ?? {}) as { [name: string]: unknown };
  if (typeof reason === 'string' && Object.hasOwn(REASONS, reason)) return { reason: reason as Reason };
  const bytes = typeof publisher === 'string' ? Buffer.from(publisher, 'base64') : undefined;
  if (bytes?.length !== PUBLISHER_SIZE || !Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  return keys.every((key) => typeof key === 'string') ? { publisher: bytes, keys } : undefined;
}

export const explanationLine = (explanation: Explanation | undefined): string =>
  explanation === undefined ? NO_ANSWER : JSON.stringify(explanation);

/** Parses an explanation. @returns undefined when it is not one */
export function parseExplanation(line: string): Explanation | undefined {
  const found = (parseObject(line) ?? {}) as UnknownValues<Explanation>;
  const { namedBy, environment, configFile, forbidden, announces, language, version } = found;
  const isOne =
    isOneOf(NAMED_BY, namedBy) &&
    isOneOf(ENVIRONMENTS, environment) &&
    typeof configFile === 'boolean' &&
    typeof forbidden === 'boolean' &&
    isAbsentOr('boolean', announces) &&
    (language === undefined || isOneOf(LANGUAGES, language)) &&
    isAbsentOr('string', version);
  return isOne ? (found as unknown as Explanation) : undefined;
}

const isOneOf = (words: readonly string[], value: unknown) => words.some((word) => word === value);

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
