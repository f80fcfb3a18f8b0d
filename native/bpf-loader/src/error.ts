// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorMap } from 'node:util';

export interface BpfErrorDetails {
  /** Stable, for programs: see "Errors" in README.md. */
  code: string;
  /** The system's error name, such as 'EPERM'. */
  errno?: string;
  /** The output of libbpf and the verifier. */
  log?: string;
}

export class BpfError extends Error {
  override readonly name = 'BpfError';
  readonly code: string;
  // Only declared: an error without an errno does not have the property.
  declare readonly errno?: string;
  readonly log: string;

  constructor(message: string, details: BpfErrorDetails) {
    super(message);
    this.code = details.code;
    if (details.errno !== undefined) this.errno = details.errno;
    this.log = details.log ?? '';
  }
}

/** Makes every error that the addon throws. `errno` is a positive number, or 0 when there is none. */
export function makeError(message: string, code: string, errno: number, log: string): BpfError {
  const name = errnoName(errno);
  const error = new BpfError(message, name === undefined ? { code, log } : { code, errno: name, log });
  Error.captureStackTrace(error, makeError);
  return error;
}

export function errnoName(errno: number): string | undefined {
  // Numbers from 4000 up are libbpf's own and have no names; the message describes them.
  if (errno <= 0 || errno >= 4000) return undefined;
  // 524 is not in any libc: the kernel's internal ENOTSUPP, which some attach types let through.
  if (errno === 524) return 'ENOTSUPP';
  return getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`;
}
