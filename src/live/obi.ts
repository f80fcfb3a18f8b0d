// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The map in which OpenTelemetry eBPF Instrumentation keeps the spans of threads that serve requests. It is pinned in the
 * BPF file system that OBI's own variable names.
 */
export const obiMapFile = (): string =>
  join(process.env.OTEL_EBPF_BPF_FS_PATH?.trim() || '/sys/fs/bpf', 'otel/traces_ctx_v1');

/** The path of that map; undefined when it does not exist, or this user may not see it. */
export function obiMapPath(): string | undefined {
  const path = obiMapFile();
  try {
    statSync(path); // Counts capabilities; access(2) does not.
    return path;
  } catch {
    return undefined;
  }
}
