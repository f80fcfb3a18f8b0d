// SPDX-License-Identifier: Apache-2.0
/** What Node.js's test runner says of a failed test. Of a file that failed as a whole, also how its process ended. */
export type TestError = Error & { exitCode?: number | null; signal?: string | null };

/** @returns undefined when the process of the test has not ended with it */
export function endOfProcess({ exitCode, signal }: TestError): string | undefined {
  return exitCode === undefined ? undefined : `the process ended with ${signal ?? exitCode}`;
}

/** The error of the test itself, without the runner's around it. */
export const causeOf = (error: TestError): Error => (error.cause instanceof Error ? error.cause : error);
