// SPDX-License-Identifier: Apache-2.0
/** Questions to the API of a trace backend. */
import { EXIT, systemWords, UserError } from '../errors.ts';
import { message } from '../messages/message.ts';
import { excerpt } from '../terminal.ts';

const TIMEOUT_MS = 60_000;
/** Bytes of an answer. */
const MAX_ANSWER = 256 * 2 ** 20;

/** Requests that began up to this long before the first stall may have been in it, and are asked for. */
export const LONGEST_SPAN_NS = 600n * 1_000_000_000n;

/**
 * Reads the JSON at a path below the backend’s address; `undefined` where the backend says that there is nothing. Throws a UserError where the
 * answer is not as it should be, also when `read` throws.
 */
export type Ask = <T>(path: string, read: (answer: unknown) => T) => Promise<T>;

/** @param isNothing whether an answer of status 404 with this text says that nothing was found */
export function asking(url: string, isNothing: (text: string) => boolean): Ask {
  const root = url.endsWith('/') ? url : `${url}/`;
  return async (path, read) => {
    try {
      return read(await answerOf(new URL(path, root), isNothing));
    } catch (error) {
      throw new UserError(EXIT.FAILURE, message('spans_unreadable', { source: shown(url), reason: words(error) }));
    }
  };
}

async function answerOf(url: URL, isNothing: (text: string) => boolean): Promise<unknown> {
  const headers = { accept: 'application/json' };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  const text = await textOf(response);
  if (response.status === 404 && isNothing(text)) return undefined;
  if (!response.ok) throw new Error(`it answers ${response.status}: ${excerpt(text)}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`its answer is not JSON: ${excerpt(text)}`);
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new Error(`its answer is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Without user name, password, path and query. */
export const shown = (url: string): string => new URL(url).origin;

/** The reason of a failed fetch is below its error. */
const words = (error: unknown): string => excerpt(systemWords((error as Error).cause ?? error));

/** A member that is not there is undefined. */
export const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
