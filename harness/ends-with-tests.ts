// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { after } from 'node:test';

const running = new Set<ChildProcess>();
/** Children of a failed test would keep the test process alive, and the next test would see them in the kernel. */
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Ends the child after the tests of a file at the latest. */
export function endsWithTests<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}
