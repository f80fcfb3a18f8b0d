// SPDX-License-Identifier: Apache-2.0
// requests.mjs with only the parts of the SDK that spans need: emulated, loading all in three threads takes most of a minute.
import 'compactstall/register';
import { fileURLToPath } from 'node:url';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { serve } from './requests.cjs';

class NodeSDK {
  start() {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    const resource = resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME });
    api.trace.setGlobalTracerProvider(new TracerProvider({ resource }));
  }
}

await serve(fileURLToPath(import.meta.url), api, { NodeSDK });
