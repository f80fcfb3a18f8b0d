// SPDX-License-Identifier: Apache-2.0
import http from 'node:http';
import { createRequire } from 'node:module';
import { serve } from './server.cjs';

await serve(http, createRequire(import.meta.url)(process.env.API));
