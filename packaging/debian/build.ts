// SPDX-License-Identifier: Apache-2.0
/** Makes the Debian packages, with debhelper: node packaging/debian/build.ts [--arch amd64] [--revision 1] */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { VERSION } from '../../src/version.ts';
import { writeShellFiles } from '../shell-files.ts';
import { sourceDate } from '../source-date.ts';
import { makeTree } from '../tree.ts';
import { copyright } from './copyright.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = join(ROOT, 'build/packages');

/** Debian's names of architectures, and Node.js's. */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;
export type Architecture = keyof typeof ARCHITECTURES;

/** @param revision of the package, for the same version of the program @returns the path of the .deb */
export function buildDebianPackage(architecture: Architecture, revision = '1'): string {
  const date = sourceDate();
  const version = `${VERSION}-${revision}`;
  mkdirSync(PACKAGES, { recursive: true });
  // debhelper puts the package beside the folder in which it works. Two may be built at once.
  const scratch = mkdtempSync(join(PACKAGES, 'debian-'));
  const folder = join(scratch, 'compactstall');
  const usr = join(folder, 'tree/usr');
  mkdirSync(dirname(usr), { recursive: true });
  makeTree(usr, ARCHITECTURES[architecture]);
  writeShellFiles(join(usr, 'share'), date);
  copyDocuments(join(usr, 'share/doc/compactstall'));

  const debian = join(folder, 'debian');
  cpSync(join(import.meta.dirname, 'debian'), debian, { recursive: true });
  const control = join(debian, 'control');
  writeFileSync(control, readFileSync(control, 'utf8').replace('@MAINTAINER@', maintainer()));
  cpSync(join(ROOT, 'packaging/systemd/compactstall.service'), join(debian, 'compactstall.service'));
  writeFileSync(join(debian, 'compactstall.install'), 'tree/usr/* usr\n');
  writeFileSync(join(debian, 'copyright'), copyright(usr));
  writeFileSync(join(debian, 'changelog'), changelog(version, date));
  cpSync(join(ROOT, 'CHANGELOG.md'), join(folder, 'CHANGELOG.md'));

  execFileSync('debian/rules', ['binary'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DEB_HOST_ARCH: architecture,
      DEB_RULES_REQUIRES_ROOT: 'no',
      SOURCE_DATE_EPOCH: String(date.getTime() / 1000),
    },
  });
  const name = `compactstall_${version}_${architecture}.deb`;
  renameSync(join(scratch, name), join(PACKAGES, name));
  rmSync(scratch, { recursive: true });
  return join(PACKAGES, name);
}

/** The documents, and what they link to. */
const DOCUMENTS = [
  '*.md',
  'docs/*.md',
  'docs/decisions/*.md',
  'docs/images/*.{png,svg}',
  'examples/**/*.{c,h,js,jsonl,md,ts,yaml}',
  'native/bpf-loader/README.md',
  'otel-collector/**/*.{json,yaml,yml}',
  'packaging/chart/**/*.*',
  'packaging/systemd/*',
  'schema/*',
];

function copyDocuments(folder: string): void {
  for (const path of DOCUMENTS.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
}

/** Whom Debian's tools know from the environment, or who made the last commit. */
function maintainer(): string {
  const { DEBFULLNAME, DEBEMAIL } = process.env;
  if (DEBFULLNAME && DEBEMAIL) return `${DEBFULLNAME} <${DEBEMAIL}>`;
  return execFileSync('git', ['log', '-1', '--format=%an <%ae>'], { cwd: ROOT, encoding: 'utf8' }).trim();
}

const changelog = (version: string, date: Date): string => `compactstall (${version}) unstable; urgency=medium

  * changelog.gz says what is new in the program.

 -- ${maintainer()}  ${date.toUTCString().replace('GMT', '+0000')}
`;

if (import.meta.main) {
  const options = { arch: { type: 'string', default: 'amd64' }, revision: { type: 'string' } } as const;
  const { arch, revision } = parseArgs({ options }).values;
  if (!(arch in ARCHITECTURES))
    throw new Error(`--arch ${arch}: expected one of ${Object.keys(ARCHITECTURES).join(', ')}`);
  console.log(buildDebianPackage(arch as Architecture, revision));
}
