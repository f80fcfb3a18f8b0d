// SPDX-License-Identifier: Apache-2.0
/** Runs the built commands as if the host lacked something. Only they notice: the host itself does not change. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPACTSTALL = fileURLToPath(new URL('../../dist/bin/compactstall', import.meta.url));

/** The beginning of a command that runs another one. */
export type Deprivation = readonly string[];

/**
 * Root with these capabilities only, as setpriv takes them (`-all,+bpf`). The user stays root, who owns the files here; others
 * may not be able to read them. Root without capabilities has no other privilege.
 */
export const capabilities = (list: string): Deprivation => [
  'setpriv',
  `--bounding-set=${list}`,
  `--inh-caps=${list}`,
  `--ambient-caps=${list}`,
];

const inMountNamespace = (script: string): Deprivation => [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `${script}; exec "$0" "$@"`,
];

/** Hides a file, or the contents of a folder (a path that ends with a slash). */
export const hidden = (path: string): Deprivation =>
  path.endsWith('/')
    ? inMountNamespace(`mount -t tmpfs none '${path}'`)
    : inMountNamespace(`mount --bind /dev/null '${path}'`);

/** Puts a file over another that nobody may read without CAP_DAC_OVERRIDE, as systemd does. */
export const inaccessible = (path: string): Deprivation =>
  inMountNamespace(`
  mount -t tmpfs none /mnt
  touch /mnt/closed
  chmod 0 /mnt/closed
  mount --bind /mnt/closed '${path}'`);

/** A /proc without anything but processes, as ProcSubset=pid arranges. */
export const PROCESSES_ONLY: Deprivation = inMountNamespace('mount -t proc -o subset=pid none /proc');

/** No /sys at all. */
export const NO_SYS: Deprivation = inMountNamespace('umount --recursive --lazy /sys');

/** With a limit of a shell, such as `-n 40`. */
export const limited = (limit: string): Deprivation => ['sh', '-c', `ulimit ${limit}; exec "$0" "$@"`];

/** A /proc in which a process sees only the processes that it may read. */
export const HIDDEN_PROCESSES: Deprivation = inMountNamespace('mount -t proc -o hidepid=2 none /proc');

/** Replaces the prober by another program. */
const proberIs = (code: string): Deprivation =>
  inMountNamespace(`
  mount -t tmpfs none /mnt
  echo '${code}' >/mnt/main.js
  mount --bind /mnt/main.js '${ROOT}/dist/prober/main.js'`);

const READY = 'console.log("ready " + process.pid);';
/** A prober that starts, and never answers. */
export const SILENT_PROBER = proberIs(`${READY} process.stdin.resume();`);
/** A prober that does not get ready. */
export const STUCK_PROBER = proberIs('process.stdin.resume();');
/** A prober that starts, and crashes at its first question. */
export const FAILING_PROBER = proberIs(
  `${READY} process.stdin.on("data", (text) => { if (/about/.test(text)) throw new Error("broken"); });`,
);

/** A prober that fails at each question, and reports that. */
export const UNABLE_PROBER = proberIs(
  `${READY} process.stdin.on("data", (text) => {
    for (const _ of String(text).matchAll(/about/g)) { console.error("no answer: TypeError: broken"); console.log("null"); }
  });`,
);
/** A prober that crashes at its start, but slowly, as on a busy machine. */
export const SLOWLY_FAILING_PROBER = proberIs('setTimeout(() => { throw new Error("broken"); }, 2100);');

/** A prober that has not been built. */
export const NO_PROBER = hidden(`${ROOT}/dist/prober/`);
/** A prober in a folder that is closed to others, without the capability to read it. */
export const CLOSED_PROBER: Deprivation = [
  ...inMountNamespace(`
  mount -t tmpfs -o mode=700 none /mnt
  cp '${ROOT}/dist/prober/main.js' /mnt
  mount --bind /mnt '${ROOT}/dist/prober'`),
  ...capabilities('-dac_read_search'),
];

/** A prober that takes 5 s to start, longer than a stall waits for the answers to others. */
export const LATE_PROBER = inMountNamespace(`
  mount -t tmpfs -o mode=755 none /mnt
  cp '${ROOT}/dist/prober/main.js' /mnt/real.js
  echo 'setTimeout(() => import("./real.js"), 5000);' >/mnt/main.js
  mount --bind /mnt '${ROOT}/dist/prober'`);

/** Root of a separate user namespace. */
export const USER_NAMESPACE: Deprivation = ['unshare', '--user', '--map-root-user'];

/** A separate PID namespace, as in a container without the host's PIDs. */
export const PID_NAMESPACE: Deprivation = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** The same, with the /proc of the host at /mnt/proc, as containers have it that observe their host. */
export const HOSTS_PROC: Deprivation = [
  ...inMountNamespace('mount -t tmpfs none /mnt; mkdir /mnt/proc; mount --rbind /proc /mnt/proc'),
  ...PID_NAMESPACE,
];

/** A time namespace, with clocks that are ahead by different times. */
export const TIME_NAMESPACE: Deprivation = [
  ...['unshare', '--time', '--monotonic=100000', '--boottime=200000', '--fork', '--kill-child'],
];

/** Runs compactstall to its end. */
export function runDeprived(deprivation: Deprivation, args: readonly string[], command = COMPACTSTALL) {
  const [first, ...rest] = [...deprivation, command, ...args];
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  return spawnSync(first!, rest, { encoding: 'utf8', env, timeout: 60_000 });
}

/** Another user, who can read this project even if its folder is closed to others. */
export const user = (id: number, ...options: string[]): Deprivation => [
  ...inMountNamespace(`
  mount -t tmpfs -o mode=755 none /mnt
  mkdir /mnt/project
  mount --rbind '${ROOT}' /mnt/project
  mount -t tmpfs -o mode=755 none '/${ROOT.split('/')[1]}'
  mkdir -p '${ROOT}'
  mount --rbind /mnt/project '${ROOT}'
  cd /`),
  ...['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', ...options],
];

/** Runs compactstall as a user with no rights at all. */
export const runAsNobody = (args: readonly string[]) =>
  runDeprived(user(65534, '--inh-caps=-all', '--bounding-set=-all'), args);
