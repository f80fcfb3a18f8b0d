// SPDX-License-Identifier: Apache-2.0
// An ECMAScript module application. Its first lines load the modules in FIRST.
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import * as api from '@opentelemetry/api';
import { scenarios } from './scenarios.cjs';

for (const name of (process.env.FIRST ?? '').split(' ').filter(Boolean)) await import(name);
await scenarios(api, isMainThread ? fileURLToPath(import.meta.url) : undefined);
process.exit();
