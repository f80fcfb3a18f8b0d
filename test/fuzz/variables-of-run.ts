// SPDX-License-Identifier: Apache-2.0

/** What run.ts tells the test files. Without them, as in `npm test`, the cases are the same each time. */
export const VARIABLES = { cases: 'COMPACTSTALL_FUZZ_CASES', seed: 'COMPACTSTALL_FUZZ_SEED' } as const;
