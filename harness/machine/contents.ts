// SPDX-License-Identifier: Apache-2.0
/** The contents of an emulated machine's root image: the project as it stands, its Node.js, and a few programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from '../cache.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The place of the project in the image. */
export const PROJECT = '/compactstall';
/** The place of CACHE in the image. */
const CACHE_INSIDE = '/root/.cache/compactstall';

/** A file or folder of the host, or a symbolic link, and its place in the image. */
export type Entry = { to: string } & ({ from: string } | { linkTo: string });

/** Programs besides busybox, which lacks everything about BPF. */
const PROGRAMS = ['/usr/sbin/bpftool', '/usr/bin/setpriv', '/usr/bin/unshare'];
const NODE = realpathSync(join(ROOT, 'node_modules/.bin/node'));
const ADDON = join(ROOT, 'native/bpf-loader/build/bpf_loader.node');

const BUILT = [
  ...[
    'bpf/build/*.bpf.o',
    'native/bpf-loader/build/*.node',
    'native/process-context/build/*.node',
    'native/prober-supervisor/build/compactstall-supervisor',
  ],
];

/** @param cached programs of the cache */
export function contents(cached: readonly string[] = []): Entry[] {
  return [
    ...busybox(),
    ...PROGRAMS.map(same),
    { from: NODE, to: '/usr/bin/node' },
    ...cached.map((from) => ({ from, to: join(CACHE_INSIDE, relative(CACHE, from)) })),
    ...libraries([NODE, ADDON, ...PROGRAMS, '/bin/busybox', ...cached]).map(same),
    ...globSync('/lib/ld-musl-*').map(same),
    { from: join(ROOT, 'harness/machine/init'), to: '/init' },
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

/** The shared libraries of these files, and the loader. A static program has none, and makes ldd's exit status 1. */
function libraries(files: readonly string[]): string[] {
  const { stdout } = spawnSync('ldd', files, { encoding: 'utf8' });
  const found = [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, path]) => path!);
  // dlmopen(3) looks for the loader, too, where libraries are.
  return [...new Set(found.flatMap((path) => (/\/ld-[^/]+$/.test(path) ? [path, realpathSync(path)] : [path])))];
}

function project(): Entry[] {
  const built = [
    'package.json',
    ...[
      'dist',
      'src',
      'harness',
      'test',
      'bench',
      'examples',
      'native/bpf-loader/package.json',
      'native/bpf-loader/dist',
    ],
    ...globSync(BUILT, { cwd: ROOT }),
    ...packages(),
  ];
  return [
    ...built.map((path) => ({ from: join(ROOT, path), to: join(PROJECT, path) })),
    { linkTo: '../native/bpf-loader', to: `${PROJECT}/node_modules/bpf-loader-native` },
    { linkTo: '/usr/bin/node', to: `${PROJECT}/node_modules/.bin/node` },
  ];
}

/** Instruments the services of tests and examples. */
const SDK = 'node_modules/@opentelemetry/sdk-node';

interface Package {
  dev?: boolean;
  link?: boolean;
  dependencies?: Record<string, string>;
}

/** The packages of the lock file that a user gets, and the SDK; not the pinned Node.js, which is in /usr/bin. */
function packages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Package>;
  };
  const wanted = new Set(
    Object.entries(packages)
      .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
      .map(([path]) => path)
      .filter((path) => !path.startsWith('node_modules/node-linux-')),
  );
  // The loop also visits paths that it adds to the set.
  wanted.add(SDK);
  for (const path of wanted)
    for (const name of Object.keys(packages[path]!.dependencies ?? {})) wanted.add(placeOf(name, path, packages));
  return [...wanted].filter((path) => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isDirectory());
}

/** The place of a package, found as Node.js does: in the node_modules of the package that needs it, else further out. */
function placeOf(name: string, from: string, packages: Record<string, Package>): string {
  for (let folder = from; folder; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder}/node_modules/${name}` in packages) return `${folder}/node_modules/${name}`;
  }
  return `node_modules/${name}`;
}
