// SPDX-License-Identifier: Apache-2.0
/** Each way to install compactstall, in each system that it is for: what it takes until the first row. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ARM64_MACHINES, type Arm64Form, arm64Forms, inArm64Machine } from '../harness/forms/arm64.ts';
import { debianPackage, type Form, npmPackage, script, singleFile } from '../harness/forms/form.ts';
import { documentedRun, MORE_FLAGS, podman } from '../harness/podman.ts';
import { enterRoot } from '../harness/roots/enter.ts';
import { ensureRoot } from '../harness/roots/roots.ts';
import { highestVersion, neededVersions } from '../harness/symbol-versions.ts';
import { type Arch, nodeFor } from '../packaging/node.ts';
import { VERSION } from '../src/version.ts';
import { table } from './report.ts';
import { sum } from './statistics.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FIRST_ROW = script('first-row.sh');
/** A limit that only a hang reaches. */
const MACHINE_MS = 1_800_000;

/** What first-row.sh writes. */
interface Line {
  /** Around the installation, and each start until its first row. */
  times: readonly number[];
  /** Of the disk. */
  kB: number;
}

interface Measured {
  form: string;
  system: string;
  arch: Arch;
  bytesToFetch: number;
  bytesOnDisk: number;
  /** Seconds. */
  toInstall: number;
  firstRow: number;
  again: number;
}

/** Those for x64, in root file systems on this host, and in a container. */
export async function measureForms(folder: string): Promise<string> {
  return formsTable([...(await inRoots(folder)), await inContainer(folder)]);
}

/** Those for arm64, in machines. */
export async function measureArm64Forms(folder: string): Promise<string> {
  return formsTable(await inMachines(folder));
}

function formsTable(measured: readonly Measured[]): string {
  const what = ['form', 'system', 'architecture', 'to fetch', 'on the disk'];
  const seconds = ['install', 'first row', 'both', 'first row again'];
  return table([...what, ...seconds, 'glibc', 'libstdc++'], measured.map(cells));
}

function cells(row: Measured): string[] {
  const seconds = (value: number) => (value > 0 ? `${value.toFixed(1)} s` : 'none');
  const size = (bytes: number) => (bytes > 0 ? `${(bytes / 1e6).toFixed(0)} MB` : '-');
  return [
    ...[row.form, row.system, row.arch === 'arm64' ? 'arm64, emulated' : row.arch],
    ...[row.bytesToFetch, row.bytesOnDisk].map(size),
    ...[row.toInstall, row.firstRow, row.toInstall + row.firstRow, row.again].map(seconds),
    ...symbolsOf(row),
  ];
}

/** The highest versions of the symbols that the form needs of the system's libraries. */
function symbolsOf({ form, system, arch }: Measured): [glibc: string, libstdcxx: string] {
  if (system.startsWith('musl')) return ['musl', 'none'];
  if (form.includes('image')) return ['its own', 'its own'];
  const files = globSync(`native/*/prebuilds/linux-${arch}-glibc/*.node`, { cwd: ROOT }).map((file) =>
    join(ROOT, file),
  );
  if (!/npm|npx/.test(form)) files.push(join(nodeFor(arch), 'bin/node'));
  const versions = files.flatMap(neededVersions);
  return [highestVersion(versions, 'GLIBC') ?? 'none', highestVersion(versions, 'GLIBCXX') ?? 'none'];
}

/** In root file systems of this host. */
async function inRoots(folder: string): Promise<Measured[]> {
  const { oneFile, archive } = singleFile(folder, 'x64');
  const { install, npx } = npmPackage(folder);
  const npm = { 'npm package': install, 'npm package, by npx': npx };
  const withNode = { 'one file': oneFile, '.tar.xz': archive };
  const deb = { 'Debian package': debianPackage('amd64', 'DEBIAN_FRONTEND=noninteractive apt-get install --yes') };
  const systems = [
    { root: 'bullseye', system: 'Debian 11', forms: { ...npm, ...withNode } },
    { root: 'bookworm', system: 'Debian 12', forms: { ...npm, ...withNode, ...deb } },
    { root: 'trixie', system: 'Debian 13', forms: { ...npm, ...withNode, ...deb } },
    { root: 'musl', system: 'musl 1.2.5', forms: npm },
  ] as const;
  const measured: Measured[] = [];
  for (const { root, system, forms } of systems) {
    for (const [name, form] of Object.entries(forms)) {
      const of = { form: name, system, arch: 'x64' } as const;
      measured.push({ ...of, ...(await inRoot(ensureRoot(root), form, { node: name in npm }, folder)) });
    }
  }
  return measured;
}

/** What a root needs to reach the registry as this host does. */
const NETWORK = ['/etc/resolv.conf', '/etc/hosts', process.env.NODE_EXTRA_CA_CERTS ?? '']
  .filter((file) => existsSync(file))
  .map((file) => ({ from: file, to: file }));

async function inRoot(root: string, form: Form, { node }: { node: boolean }, folder: string) {
  const place = mkdtempSync(join(folder, 'root-'));
  const [changes, files] = [join(place, 'changes'), join(place, 'files')];
  const upper = join(changes, 'upper');
  for (const { from, to } of NETWORK) bring(from, join(upper, to));
  for (const { from, to } of form.entries) bring(from, join(files, relative('/srv', to)));
  const before = bytesOf(upper);
  const line = await run([form.install, form.start, ...enterRoot(root, changes, files, { node })]);
  // What is first of the files is compactstall; npm comes with Node.js.
  const fetched = [form.entries[0]!.from, ...globSync(join(upper, 'root/.npm/_cacache/content-v2'))];
  const measured = {
    bytesToFetch: bytesOf(...fetched),
    bytesOnDisk: bytesOf(upper) - before,
    ...secondsOf(line, form),
  };
  rmSync(place, { recursive: true });
  return measured;
}

function bring(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** The image, with the documented command and podman in the place of docker. */
async function inContainer(folder: string): Promise<Measured> {
  const image = execFileSync(process.execPath, [join(ROOT, 'packaging/image/build.ts')], { encoding: 'utf8' }).trim();
  const inspected = execFileSync('skopeo', ['inspect', `oci-archive:${image}`], { encoding: 'utf8' });
  const { Layers } = JSON.parse(inspected) as { Layers: string[] };
  const blobs = Layers.map((digest) => `blobs/${digest.replace(':', '/')}`);
  const bytesToFetch = execFileSync('tar', ['-xOf', image, ...blobs], { maxBuffer: 2 ** 28 }).length;
  const place = mkdtempSync(join(folder, 'podman-'));
  const words = podman(place);
  // Without its collector and its output, it prints the table.
  const flags = documentedRun().flags.filter(
    (word, at, all) => ![word, all[at + 1]].some((one) => one?.startsWith('OTEL_')),
  );
  const form = {
    install: `${words.join(' ')} load --quiet --input ${image}`,
    start: [...words, ...flags, ...MORE_FLAGS, `localhost/compactstall:${VERSION}`].join(' '),
  };
  const line = await run([form.install, form.start]);
  return {
    ...{ form: 'image, by podman', system: 'any', arch: 'x64' },
    ...{ bytesToFetch, bytesOnDisk: bytesOf(join(place, 'storage')), ...secondsOf(line, form) },
  };
}

async function inMachines(folder: string): Promise<Measured[]> {
  const forms = arm64Forms(folder);
  const measured: Measured[] = [];
  for (const [name, wanted] of Object.entries(ARM64_MACHINES)) {
    const command = ({ install, start }: Form, path: string) => `${path} '${install}' '${start}'`;
    const options = { limitMs: MACHINE_MS, say: console.error };
    const lines: Line[] = [];
    const machine = inArm64Machine(
      name,
      wanted.map((form) => forms[form]),
      FIRST_ROW,
      command,
      options,
    );
    for (;;) {
      const { done, value } = await machine.next();
      if (done && value === 0) break;
      if (done) throw new Error(`${name}: the forms ended with ${value}`);
      lines.push(JSON.parse(value));
    }
    for (const [i, form] of wanted.entries()) measured.push(inMachine(form, forms[form], lines[i]!));
  }
  return measured;
}

function inMachine(name: Arm64Form, form: Form, line: Line): Measured {
  const { from } = form.entries[0]!;
  const musl = name.endsWith('musl');
  // A folder was made on this host, of a package.
  const [bytesToFetch, before] = statSync(from).isDirectory() ? [Number.NaN, bytesOf(from)] : [bytesOf(from), 0];
  return {
    ...{ form: name.replace(/^the | with musl$/g, ''), system: musl ? 'musl 1.2.5' : 'Debian 12', arch: 'arm64' },
    ...{ bytesToFetch, bytesOnDisk: before + line.kB * 1024, ...secondsOf(line, form) },
  };
}

function secondsOf({ times }: Line, { install }: { install: string }) {
  const [installed, firstRow, again] = [0, 2, 4].map((i) => times[i + 1]! - times[i]!) as [number, number, number];
  return { toInstall: install === ':' ? 0 : installed, firstRow, again };
}

const bytesOf = (...paths: readonly string[]): number =>
  sum(paths.map((path) => Number(execFileSync('du', ['-sb', path], { encoding: 'utf8' }).split('\t')[0])));

/** Runs first-row.sh on this host. */
async function run(words: readonly string[]): Promise<Line> {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', FIRST_ROW, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [line, ...said] = await Promise.all([3, 1, 2].map((i) => text(child.stdio[i] as Readable)));
  const [code] = await ended;
  if (code !== 0) throw new Error(`${words.slice(0, 2).join('; ')} ended with ${code}:\n${said.join('')}`);
  return JSON.parse(line!);
}
