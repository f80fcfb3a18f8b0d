// SPDX-License-Identifier: Apache-2.0
// `node --import compactstall/register app.js`, or `import 'compactstall/register'` first in the application: publishes the
// service of this process, and the active span of each of its threads, for readers outside such as compactstall's agent.
import { isMainThread } from 'node:worker_threads';
import { environmentResource } from '../otel-environment/resource.ts';
import { watchApi } from './api.ts';
import { followContexts } from './context-manager.ts';
import { ProcessContext } from './process-context.ts';
import { whyUnknown } from './runtime.ts';
import { watchResource } from './sdk-resource.ts';
import { ThreadContexts } from './thread-context.ts';
import { warnOnce } from './warn.ts';

/** Most applications have started their libraries by then. */
const LATER_MS = 1000;

function register(): void {
  const unknown = whyUnknown(process);
  if (unknown !== undefined) {
    warnOnce(`${unknown}; this process publishes no contexts`);
    return;
  }

  const threads = ThreadContexts.load(warnOnce);
  const processContext = ProcessContext.load(threads?.processAttributes ?? {}, warnOnce);
  // Holds until an SDK reports more, or for good without an SDK.
  if (isMainThread) {
    const fromEnvironment = environmentResource((name) => process.env[name]);
    processContext?.publish(Object.fromEntries(fromEnvironment), 'environment');
    // Another library may start later, and publish although there is one already. An application without spans needs this.
    setTimeout(() => processContext?.leaveToAnother(), LATER_MS).unref();
  }

  const resource = watchResource((attributes) => processContext?.publish(attributes, isMainThread ? 'main' : 'worker'));
  if (threads !== undefined) {
    threads.onNewSpan = (span) => resource.ofSpan(span);
    threads.onFirstSpan = () => {
      threads.isOurs();
      processContext?.leaveToAnother();
    };
  }
  watchApi({
    context: (manager) => {
      processContext?.leaveToAnother();
      if (threads !== undefined) followContexts(manager, threads);
    },
    trace: (provider) => resource.ofProvider(provider),
  });
}

// Runs once, even if two copies of this package are loaded.
const DONE = Symbol.for('compactstall.register');
const globals = globalThis as { [DONE]?: true };
if (globals[DONE] === undefined) {
  globals[DONE] = true;
  try {
    register();
  } catch (error) {
    // A failure here must not stop the application.
    warnOnce(`${(error as Error)?.message}; this process publishes no contexts`);
  }
}
