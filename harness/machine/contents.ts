// SPDX-License-Identifier: Apache-2.0
/** The contents of an emulated machine's root image: the project as it stands, its Node.js, and a few programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from '../../toolchain/cache.ts';
import { ensureNode, FETCHED_VERSIONS, NODE_VERSION } from '../node-versions.ts';
import type { Arch } from './kernels.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The place of the project in the image. */
export const PROJECT = '/compactstall';
/** The place of CACHE in the image. */
const CACHE_INSIDE = '/root/.cache/compactstall';

/** A file or folder of the host, or a symbolic link, and its place in the image. */
export type Entry = { to: string } & ({ from: string } | { linkTo: string });

const BPFTOOL = '/usr/sbin/bpftool';
/** Programs besides busybox, which lacks everything about BPF. */
const PROGRAMS = [BPFTOOL, '/usr/bin/setpriv', '/usr/bin/unshare'];
const NODE = realpathSync(join(ROOT, 'node_modules/.bin/node'));
const ADDON = join(ROOT, 'native/bpf-loader/build/bpf_loader.node');

/** The first process. */
export const INIT: Entry = { from: join(ROOT, 'harness/machine/init'), to: '/init' };

/** The native parts of the project: what was built for this host; for another architecture what the packages bring. */
const BUILT = {
  x64: [
    'bpf/build/*.bpf.o',
    'native/bpf-loader/build/*.node',
    'native/process-context/build/*.node',
    'native/prober-supervisor/build/compactstall-supervisor',
  ],
  arm64: ['bpf/prebuilds/linux-arm64/*', 'native/*/prebuilds/linux-arm64*/*'],
} as const;

/** @param nodes whether the other versions of Node.js are in it, where the machine is of this host's architecture */
export function contents(arch: Arch, nodes = false): Entry[] {
  return [
    ...(arch === 'x64' ? ofHost(nodes) : ofDebian(arch)),
    INIT,
    ...project(arch),
    ...(arch === 'x64' ? [] : programs()),
  ];
}

/** This host's programs, with the libraries that they need. */
function ofHost(nodes: boolean): Entry[] {
  const cached = nodes ? FETCHED_VERSIONS.map((version) => ensureNode(version)) : [];
  return [
    ...busybox(),
    ...PROGRAMS.map(same),
    { from: NODE, to: '/usr/bin/node' },
    ...cached.map((from) => ({ from, to: join(CACHE_INSIDE, relative(CACHE, from)) })),
    ...libraries([NODE, ADDON, ...PROGRAMS, '/bin/busybox', ...cached]).map(same),
    ...globSync('/lib/ld-musl-*').map(same),
  ];
}

/** The same programs of another architecture. */
function ofDebian(arch: Arch): Entry[] {
  const [root] = forArm64();
  return [
    ...busybox(root),
    ...[...PROGRAMS, '/lib', '/usr/lib'].map((to) => ({ from: join(root, to), to })),
    { from: ensureNode(NODE_VERSION, arch), to: '/usr/bin/node' },
  ];
}

/** harness/programs, over those of this host. */
function programs(): Entry[] {
  const [, built] = forArm64();
  return globSync('*/build', { cwd: built }).map((path) => ({
    from: join(built, path),
    to: join(PROJECT, 'harness/programs', path),
  }));
}

/** The folders that arm64.sh prints, which it makes if necessary; it reports failures. */
function forArm64(): [root: string, programs: string] {
  const script = join(ROOT, 'harness/machine/arm64.sh');
  const printed = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return printed.trim().split('\n').slice(-2) as [string, string];
}

/** The project for the root image of a Debian: with its Node.js, and the libraries of the addon and of bpftool. */
export function projectAndLibraries(): Entry[] {
  const own = libraries([ADDON, BPFTOOL]).filter((path) => /\/lib(bpf|elf)\./.test(path));
  return [...project('x64'), { from: NODE, to: '/usr/bin/node' }, ...[BPFTOOL, ...own].map(same)];
}

const same = (path: string): Entry => ({ from: realpathSync(path), to: path });

function busybox(root = '/'): Entry[] {
  const applets = execFileSync('busybox', ['--list-full'], { encoding: 'utf8' }).trim().split('\n');
  return [
    { from: join(root, 'bin/busybox'), to: '/bin/busybox' },
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

function project(arch: Arch): Entry[] {
  const native = globSync(BUILT[arch], { cwd: ROOT });
  if (native.length === 0) throw new Error('the native parts are not built; run ./setup.sh all');
  const built = [
    'package.json',
    ...[
      'dist',
      'src',
      'toolchain',
      'harness',
      'test',
      'bench',
      'examples',
      'native/bpf-loader/package.json',
      'native/bpf-loader/dist',
    ],
    ...native,
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
