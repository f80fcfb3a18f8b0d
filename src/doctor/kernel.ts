// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { machine, release as osRelease } from 'node:os';
import { hiddenKernelFile } from '../host/kernel-file.ts';
import { readText } from '../host/setting-file.ts';
import { type Finding, ok, warn } from './check.ts';

export const kernelRelease = (path = '/proc/sys/kernel/osrelease'): string => readText(path) ?? osRelease();

/** The release, for information only: other checks ask the kernel what it can do, because vendors backport. */
export function kernel(
  paths = { release: '/proc/sys/kernel/osrelease', compaction: '/proc/sys/vm/compact_memory' },
  hidden = hiddenKernelFile,
): Finding {
  const release = `Linux ${kernelRelease(paths.release)} on ${machine()}`;
  if (existsSync(paths.compaction)) return ok(`${release}, with memory compaction.`);
  const covered = hidden(paths.compaction);
  if (covered !== undefined)
    return ok(`${release}; whether it has memory compaction is unknown: ${paths.compaction}: ${covered.why}.`);
  return warn(
    `${release}; there is no ${paths.compaction}, so it seems to be built without memory compaction.`,
    'Use a kernel built with CONFIG_COMPACTION=y.',
  );
}
