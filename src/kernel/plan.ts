// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { hostError, systemWords } from '../errors.ts';
import { Btf } from './btf.ts';

/** How the programs are attached, and which of the object's programs that takes. */
export interface AttachPlan {
  name: 'tp_btf';
  programs: readonly string[];
}

/** In this order: an end without its begin is counted, a begin without its end would stay open. */
const TP_BTF: AttachPlan = { name: 'tp_btf', programs: ['tp_btf_attempt', 'tp_btf_end', 'tp_btf_begin'] };

/** The running kernel's BTF. Throws a UserError that says what is missing. */
export function readKernelBtf(path = '/sys/kernel/btf/vmlinux'): Btf {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw hostError(
      `this kernel does not describe its types: ${path}: ${systemWords(error)}. ` +
        'compactstall needs a kernel built with CONFIG_DEBUG_INFO_BTF=y.',
    );
  }
  try {
    return new Btf(bytes);
  } catch (error) {
    throw hostError(`${path} cannot be read as BTF: ${systemWords(error)}.`);
  }
}

/**
 * The plan for this kernel, from what its BTF says and never from its version: vendors backport. The tp_btf plan needs
 * tracepoints that pass compact_control (5.18 and later, and backports). Throws a UserError when no plan fits.
 */
export function chooseAttachPlan(btf: Btf): AttachPlan {
  const parameters = btf.functionPointerParameters('btf_trace_mm_compaction_begin');
  if (!parameters) {
    throw hostError(
      'this kernel has no mm_compaction tracepoints: it needs CONFIG_COMPACTION=y and CONFIG_TRACEPOINTS=y.',
    );
  }
  // The first parameter is the tracepoint's own data pointer.
  if (parameters[1] === 'compact_control *') return TP_BTF;
  throw hostError(
    'the mm_compaction_begin tracepoint of this kernel does not pass compact_control (kernels before 5.18 do not), ' +
      'and this version of compactstall knows no other way to attach. Use a newer kernel.',
  );
}
