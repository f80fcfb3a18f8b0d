// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';

/** The file that the compiler would link. */
const libraryOf = (name: string) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();

/**
 * What Node.js needs to load an addon with sanitizers. It is not built with them, so their library has to come first; and the C++ library with it,
 * whose exceptions it watches. Without leaks: Node.js leaves most of its memory to the end of the process, as V8 does by design.
 */
export function sanitizedEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const preload = [libraryOf('libasan.so'), libraryOf('libstdc++.so.6')].join(':');
  return { ...env, LD_PRELOAD: preload, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' };
}
