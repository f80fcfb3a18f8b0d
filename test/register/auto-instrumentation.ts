// SPDX-License-Identifier: Apache-2.0
// Installs OpenTelemetry's auto-instrumentation once, into ~/.cache/compactstall: it is too large for the project's packages.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../toolchain/cache.ts';

const VERSION = '0.82.0';
const folder = join(CACHE, `auto-instrumentations-${VERSION}`);
const scope = join(folder, 'node_modules/@opentelemetry');

export const API = join(scope, 'api');
export const REGISTER_ESM = join(scope, 'auto-instrumentations-node/dist/register.mjs');
/** ECMAScript modules are not instrumented without it. */
export const LOADER = join(scope, 'instrumentation/hook.mjs');
/** The same by module.registerHooks, which replaces it: Node.js 26 warns of the other. */
export const SYNC_HOOKS = join(folder, 'node_modules/import-in-the-middle/register-hooks.mjs');
export const REGISTER_CJS = join(scope, 'auto-instrumentations-node/dist/register.cjs');

export function ensureAutoInstrumentation(): void {
  if (existsSync(folder)) return;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'auto-new-'));
  try {
    writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n');
    const packages = [`@opentelemetry/auto-instrumentations-node@${VERSION}`, '@opentelemetry/api@1.10.0'];
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', ...options, ...packages], { cwd: scratch, stdio: 'ignore' });
    renameSync(scratch, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
