// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** Bit numbers of include/uapi/linux/capability.h. */
const CAPABILITIES = { CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/** Which of the capabilities needed to load and attach this process lacks; CAP_SYS_ADMIN stands for both. */
export function missingCapabilities(path = '/proc/self/status'): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync(path, 'latin1'))?.[1] ?? '0'}`);
  const has = (name: keyof typeof CAPABILITIES) => ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
  if (has('CAP_SYS_ADMIN')) return [];
  return (['CAP_BPF', 'CAP_PERFMON'] as const).filter((name) => !has(name));
}
