// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where OpenTelemetry eBPF Instrumentation pins what it knows of the threads that serve requests: in the BPF file system that
 * its own variable names. undefined when it is not there, or not for this user to see.
 */
export function obiMapPath(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const path = join(environment.OTEL_EBPF_BPF_FS_PATH || '/sys/fs/bpf', 'otel/traces_ctx_v1');
  return existsSync(path) ? path : undefined;
}
