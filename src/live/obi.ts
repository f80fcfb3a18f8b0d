// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where OpenTelemetry eBPF Instrumentation pins what it knows of the threads that serve requests: in the BPF file system that
 * its own variable names.
 */
export const obiMapFile = (): string => join(process.env.OTEL_EBPF_BPF_FS_PATH || '/sys/fs/bpf', 'otel/traces_ctx_v1');

/** undefined when it is not there, or not for this user to see. */
export function obiMapPath(): string | undefined {
  const path = obiMapFile();
  return existsSync(path) ? path : undefined;
}
