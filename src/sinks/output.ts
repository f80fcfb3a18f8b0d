// SPDX-License-Identifier: Apache-2.0
import type { OutputFile } from './output-file.ts';

/** An output of the command line; `json` without a path is standard output. */
export type Output =
  | { kind: 'table' }
  | { kind: 'json'; path?: string }
  | { kind: 'folded' | 'otlp-json' | 'perfetto'; path: string }
  | { kind: 'otlp' }
  | { kind: 'sdk' }
  | { kind: 'none' };

/** An output whose file is open. */
export type OpenOutput = Output & { file?: OutputFile };

/** The path of the file that an output writes; undefined for others. */
export const fileOf = (output: Output): string | undefined => ('path' in output ? output.path : undefined);

export const usesStandardOutput = (output: Output): boolean =>
  output.kind === 'table' || (output.kind === 'json' && output.path === undefined);
