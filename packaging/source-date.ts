// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';

/**
 * The date of what is packaged, so that the same sources make the same bytes: SOURCE_DATE_EPOCH
 * (https://reproducible-builds.org/specs/source-date-epoch/), or else the date of the last commit.
 */
export function sourceDate(): Date {
  const commit = () =>
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: import.meta.dirname, encoding: 'utf8' });
  return new Date(Number(process.env.SOURCE_DATE_EPOCH ?? commit()) * 1000);
}
