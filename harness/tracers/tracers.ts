// SPDX-License-Identifier: Apache-2.0
/** Tracers whose processes publish their spans by themselves: install.sh has the versions. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url));

export interface Tracers {
  /** An interpreter that has ddtrace and OpenTelemetry's SDK. */
  python: string;
  /** A folder of packages, with dd-trace among them. */
  node: string;
  /** The archive of dd-java-agent. */
  java: string;
  /** A folder of builds of a service in Rust: exported, unexported and stripped. */
  rust?: string;
  /** Why there is none: this host has no Rust that is new enough. */
  lacks?: string;
}

let installed: Tracers | undefined;

/** Installs the one for Node.js, if it is missing, and returns the folder of packages with dd-trace among them. */
export const ensureNodeTracer = () => lines(['node']).node!;

/** Installs missing ones; throws when that fails, and install.sh prints the reason on stderr. */
export function ensureTracers(): Tracers {
  installed ??= lines([]) as unknown as Tracers;
  return installed;
}

function lines(args: string[]): { [name: string]: string } {
  const printed = execFileSync(INSTALL, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return Object.fromEntries(
    printed
      .trim()
      .split('\n')
      .map((line) => /^(.*?)=(.*)$/.exec(line)!.slice(1)),
  );
}
