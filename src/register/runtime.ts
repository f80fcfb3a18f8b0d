// SPDX-License-Identifier: Apache-2.0
/** Earlier versions keep no continuation-preserved data, in which a reader finds the active span. */
const FIRST_MAJOR = 22;

/** The reason why this runtime cannot publish anything. Native code is not even loaded then. */
export function whyUnknown(runtime: Pick<NodeJS.Process, 'platform' | 'release' | 'versions'>): string | undefined {
  const { bun, deno, node, v8 } = runtime.versions as { [name: string]: string | undefined };
  if (bun !== undefined) return `Bun ${bun} is not Node.js`;
  if (deno !== undefined) return `Deno ${deno} is not Node.js`;
  if (runtime.release?.name !== 'node' || node === undefined || v8 === undefined) return 'this runtime is not Node.js';
  if (runtime.platform !== 'linux') return `${runtime.platform} is not Linux`;
  if (Number.parseInt(node, 10) < FIRST_MAJOR) return `Node.js ${node} is older than ${FIRST_MAJOR}`;
  return undefined;
}
