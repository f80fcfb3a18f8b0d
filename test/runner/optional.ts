// SPDX-License-Identifier: Apache-2.0
import { relative } from 'node:path';
import { type Optional, ROOT } from './layers.ts';
import type { Results } from './results.ts';

/** The files that can run here. An optional file that cannot is named with its reason, and does not count as failed. */
export function withoutMissing(
  files: readonly string[],
  optional: readonly Optional[] | undefined,
  results: Pick<Results, 'leftOut'>,
): string[] {
  const reasons = new Map(optional?.map(({ file, missing }) => [file, missing()]));
  return files.filter((file) => {
    const why = reasons.get(file);
    if (why === undefined) return true;
    const what = relative(ROOT, file);
    console.log(`left out: ${what}. ${why}`);
    results.leftOut.push({ what, why });
    return false;
  });
}
