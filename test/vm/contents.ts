// SPDX-License-Identifier: Apache-2.0
/** What an emulated machine's root image holds: the project as it stands, its Node.js, and a few programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where the project is inside. */
export const PROJECT = '/compactstall';

/** A file or folder of the host, or a symbolic link, and its place in the image. */
export type Entry = { to: string } & ({ from: string } | { linkTo: string });

/** Beside busybox, which has no `env -S` and nothing of BPF. */
const PROGRAMS = ['/usr/bin/env', '/usr/sbin/bpftool', '/usr/bin/setpriv', '/usr/bin/unshare'];
const NODE = realpathSync(join(ROOT, 'node_modules/.bin/node'));
const BUILT = ['bpf/build/*.bpf.o', 'native/build/*.node', 'keeper/build/keeper', 'process-context/build/*.node'];
const ADDON = join(ROOT, 'native/build/bpf_loader.node');

export function contents(): Entry[] {
  return [
    ...busybox(),
    ...PROGRAMS.map(same),
    { from: NODE, to: '/usr/bin/node' },
    ...libraries([NODE, ADDON, ...PROGRAMS, '/bin/busybox']).map(same),
    { from: join(ROOT, 'test/vm/guest/init'), to: '/init' },
    ...project(),
  ];
}

const same = (path: string): Entry => ({ from: realpathSync(path), to: path });

function busybox(): Entry[] {
  const applets = execFileSync('busybox', ['--list-full'], { encoding: 'utf8' }).trim().split('\n');
  return [
    { from: '/bin/busybox', to: '/bin/busybox' },
    ...applets
      .map((applet) => `/${applet}`)
      .filter((to) => to !== '/bin/busybox' && !PROGRAMS.includes(to))
      .map((to) => ({ linkTo: '/bin/busybox', to })),
  ];
}

/** The shared libraries of these, and the loader; a static program has none, and makes ldd's exit status 1. */
function libraries(files: readonly string[]): string[] {
  const { stdout } = spawnSync('ldd', files, { encoding: 'utf8' });
  return [...new Set([...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, path]) => path!))];
}

function project(): Entry[] {
  const built = [
    'package.json',
    ...['dist', 'src', 'test', 'examples', 'native/package.json', 'native/dist'],
    ...globSync([...BUILT, 'test/vm/guest/build/*'], { cwd: ROOT }),
    ...productionPackages(),
  ];
  return [
    ...built.map((path) => ({ from: join(ROOT, path), to: join(PROJECT, path) })),
    { linkTo: '../native', to: `${PROJECT}/node_modules/bpf-loader-native` },
    { linkTo: '/usr/bin/node', to: `${PROJECT}/node_modules/.bin/node` },
  ];
}

interface Package {
  dev?: boolean;
  link?: boolean;
  dependencies?: Record<string, string>;
}

function locked(): Record<string, Package> {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
}

/** A package that only tests and examples need, with those that it needs. */
export function devPackages(name: string): Entry[] {
  const packages = locked();
  const found = new Set<string>();
  const add = (path: string) => {
    if (!packages[path]?.dev || found.has(path)) return;
    found.add(path);
    for (const dependency of Object.keys(packages[path].dependencies ?? {})) {
      add(`${path}/node_modules/${dependency}`);
      add(`node_modules/${dependency}`);
    }
  };
  add(`node_modules/${name}`);
  return [...found].map((path) => ({ from: join(ROOT, path), to: join(PROJECT, path) }));
}

/** Of the lock file, what a user gets; not the pinned Node.js, which is in /usr/bin. */
function productionPackages(): string[] {
  return Object.entries(locked())
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
    .map(([path]) => path)
    .filter((path) => !path.startsWith('node_modules/node-linux-'))
    .filter((path) => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isDirectory());
}
