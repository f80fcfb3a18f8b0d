// SPDX-License-Identifier: Apache-2.0
import type { Context, ContextManager } from '@opentelemetry/api';
import type { ThreadContexts } from './thread-context.ts';

/** The managers already followed: one may be registered twice. */
const followed = new WeakSet<object>();

/**
 * Makes a thread's published context follow the manager's active context. It changes the manager itself, which thereby stays
 * the object that its owner knows. `bind` needs no change: OpenTelemetry's managers enter a bound context through `with`.
 */
export function followContexts(value: unknown, threads: ThreadContexts): void {
  const manager = value as ContextManager;
  if (typeof manager?.with !== 'function' || followed.has(manager) || !threads.publish()) return;
  followed.add(manager);

  const original = manager.with as (context: Context, ...rest: unknown[]) => unknown;
  manager.with = function (this: ContextManager, context: Context, ...rest: unknown[]) {
    return threads.within(context, () => original.call(this, context, ...rest));
  } as ContextManager['with'];

  const attach = manager.attach;
  if (typeof attach !== 'function') return;
  manager.attach = function (this: ContextManager, context) {
    const leave = threads.enter(context);
    const token = attach.call(this, context);
    let left = false;
    const dispose = () => {
      token.dispose();
      if (!left) leave();
      left = true;
    };
    return { dispose, [Symbol.dispose]: dispose };
  };
}
