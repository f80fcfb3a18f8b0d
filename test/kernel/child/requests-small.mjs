// SPDX-License-Identifier: Apache-2.0
// requests.mjs with no more of the SDK than spans need: emulated, loading all of it in three threads takes most of a minute.
import 'compactstall/register';
import { fileURLToPath } from 'node:url';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { serve } from './requests.cjs';

class NodeSDK {
  start() {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    api.trace.setGlobalTracerProvider(new TracerProvider());
  }
}

await serve(fileURLToPath(import.meta.url), api, { NodeSDK });
