// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Freezes a process so that not even SIGKILL ends it, like one that waits for a file system in user space. It uses the freezer
 * of cgroup version 1, mounted where nobody else sees it. The process thaws when this process ends, however it ends.
 * @returns a function that thaws it earlier
 */
export async function freeze(pid: number): Promise<() => Promise<void>> {
  const group = `/mnt/compactstall-test-${pid}`;
  const script = `
    trap '' INT TERM HUP
    mount -t cgroup -o freezer none /mnt && mkdir ${group} && echo ${pid} >${group}/cgroup.procs &&
      echo FROZEN >${group}/freezer.state || exit 1
    until grep -q FROZEN ${group}/freezer.state; do sleep 0.01; done
    echo frozen
    cat >/dev/null
    echo THAWED >${group}/freezer.state
    xargs -n 1 <${group}/cgroup.procs | while read -r one; do echo $one >/mnt/cgroup.procs; done 2>/dev/null
    until rmdir ${group}; do sleep 0.01; done`;
  const shell = spawn('unshare', ['--mount', 'sh', '-c', script], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(shell, 'close');
  const [said] = await Promise.race([once(shell.stdout, 'data'), ended]);
  if (String(said) !== 'frozen\n') throw new Error(`process ${pid} could not be frozen`);
  return async () => {
    shell.stdin.end();
    await ended;
  };
}
