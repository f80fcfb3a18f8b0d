// SPDX-License-Identifier: Apache-2.0
/** The built commands on a host that lacks something, which only they see: the host itself keeps it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPACTSTALL = fileURLToPath(new URL('../../dist/bin/compactstall.js', import.meta.url));

/** A command that starts the one whose words follow it. */
export type Deprivation = readonly string[];

/**
 * Root without capabilities but these, as setpriv takes them (`-all,+bpf`). The user stays root, who owns the files here,
 * which others may not be able to read; root without capabilities is anybody.
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

/** Without a file, or without what is in a folder (a path that ends with a slash). */
export const hidden = (path: string): Deprivation =>
  path.endsWith('/')
    ? inMountNamespace(`mount -t tmpfs none '${path}'`)
    : inMountNamespace(`mount --bind /dev/null '${path}'`);

/** A /proc in which a process sees no process that it may not read. */
export const HIDDEN_PROCESSES: Deprivation = inMountNamespace('mount -t proc -o hidepid=2 none /proc');

/** Another program in the place of the prober. */
const proberIs = (code: string): Deprivation =>
  inMountNamespace(`
  mount -t tmpfs none /mnt
  echo '${code}' >/mnt/main.js
  mount --bind /mnt/main.js '${ROOT}/dist/prober/main.js'`);

const READY = 'console.log("ready " + process.pid);';
/** It begins, and never answers. */
export const SILENT_PROBER = proberIs(`${READY} process.stdin.resume();`);
/** It does not even begin. */
export const STUCK_PROBER = proberIs('process.stdin.resume();');
/** It begins, and fails at its first question. */
export const FAILING_PROBER = proberIs(
  `${READY} process.stdin.on("data", (text) => { if (/about/.test(text)) throw new Error("broken"); });`,
);

/** Something of its own fails whenever it is asked, which it says. */
export const UNABLE_PROBER = proberIs(
  `${READY} process.stdin.on("data", (text) => {
    for (const _ of String(text).matchAll(/about/g)) { console.error("no answer: TypeError: broken"); console.log("null"); }
  });`,
);
/** It takes its time before it fails to begin, as everything does on a busy machine. */
export const SLOWLY_FAILING_PROBER = proberIs('setTimeout(() => { throw new Error("broken"); }, 2100);');

const proberFolder = (options: string, files: string) =>
  inMountNamespace(`
  mount -t tmpfs -o ${options} none /mnt
  cp -r '${ROOT}/dist/prober/'${files} /mnt
  mount --bind /mnt '${ROOT}/dist/prober'`);
/** It has not been built. */
export const NO_PROBER = proberFolder('mode=755', '[!m]*');
/** It is in a folder that is closed to others, and may read no more than they. */
export const CLOSED_PROBER: Deprivation = [...proberFolder('mode=700', '*'), ...capabilities('-dac_read_search')];

/** Root of a user namespace of its own. */
export const USER_NAMESPACE: Deprivation = ['unshare', '--user', '--map-root-user'];

/** As in a container without the host's PIDs. */
export const PID_NAMESPACE: Deprivation = ['unshare', '--pid', '--fork', '--mount-proc'];

/** Runs compactstall to its end. */
export function runDeprived(deprivation: Deprivation, args: readonly string[], command = COMPACTSTALL) {
  const [first, ...rest] = [...deprivation, process.execPath, command, ...args];
  return spawnSync(first!, rest, { encoding: 'utf8', timeout: 60_000 });
}

/** Another user, who may read this project even if it is in a folder that is closed to others. */
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
