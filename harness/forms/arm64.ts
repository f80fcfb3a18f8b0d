// SPDX-License-Identifier: Apache-2.0
/** The forms for arm64, in machines: in a Debian that has no Node.js, or in a root file system in it. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commandOf, makeRoot } from '../../packaging/image/root.ts';
import { INIT } from '../machine/contents.ts';
import { fetchKernel } from '../machine/fetch.ts';
import { kernelNamed } from '../machine/kernels.ts';
import type { MachineOptions } from '../machine/machine.ts';
import { runRoot } from '../machine/run-root.ts';
import { ensureNode, FETCHED_VERSIONS } from '../node-versions.ts';
import { installPackage } from '../npm-package.ts';
import { ensureRoot } from '../roots/roots.ts';
import { debianPackage, type Form, singleFile } from './form.ts';

/** Some to a machine, as it takes longer to boot it than to try one. */
export const ARM64_MACHINES = {
  '6.1-arm64': ['the one file', 'the .tar.xz', 'the npm package with musl'],
  '6.12-arm64-16k': ['the Debian package', 'the image', 'the npm package'],
} as const;
export type Arm64Form = (typeof ARM64_MACHINES)[keyof typeof ARM64_MACHINES][number];

/** Not in the PATH of those that it starts. */
const CHROOT = '/usr/sbin/chroot';
/** Some of them are unpacked, or installed, in the machine. */
const FREE_MB = 400;

/** Starts a command in the root file system at $1, with the kernel's own file systems. */
const enter = (root: string) =>
  `for folder in proc sys dev; do mkdir -p ${root}/$folder && mount --rbind /$folder ${root}/$folder; done`;

/** Makes all of them. The machines have no network: npm installs here. @param folder where they are made, and stay */
export function arm64Forms(folder: string): Readonly<Record<Arm64Form, Form>> {
  const { oneFile, archive } = singleFile(folder, 'arm64');
  const image = join(folder, 'image');
  makeRoot('arm64', image);
  const { Env, Entrypoint } = commandOf(image);
  const project = join(folder, 'project');
  mkdirSync(project);
  installPackage(project);
  const packages = join(project, 'node_modules');
  return {
    'the one file': oneFile,
    'the .tar.xz': archive,
    'the npm package with musl': {
      entries: [
        { from: packages, to: '/srv/musl/srv/node_modules' },
        { from: ensureRoot('musl-arm64'), to: '/srv/musl' },
      ],
      install: enter('/srv/musl'),
      start: `env PATH=/usr/bin:/bin ${CHROOT} /srv/musl /srv/node_modules/.bin/compactstall`,
    },
    'the Debian package': debianPackage('arm64', 'dpkg --install'),
    'the image': {
      entries: [{ from: image, to: '/srv/image' }],
      install: enter('/srv/image'),
      start: ['env', ...Env, CHROOT, '/srv/image', ...Entrypoint].join(' '),
    },
    'the npm package': {
      entries: [
        { from: packages, to: '/srv/node_modules' },
        { from: ensureNode(FETCHED_VERSIONS[0]!, 'arm64'), to: '/srv/node/bin/node' },
      ],
      install: ':',
      start: 'env PATH=/srv/node/bin:/usr/bin:/bin /srv/node_modules/.bin/compactstall',
    },
  };
}

/**
 * Boots that machine with these forms, and runs a script for each of them.
 *
 * @param script its path on this host
 * @param command the command line for a form, where the script is at that path
 * @returns as runMachine()
 */
export async function* inArm64Machine(
  name: string,
  forms: readonly Form[],
  script: string,
  command: (form: Form, script: string) => string,
  options: Pick<MachineOptions, 'limitMs' | 'say'>,
): AsyncGenerator<string, number> {
  const { arch, ...kernel } = kernelNamed(name);
  const to = `/srv/${basename(script)}`;
  return yield* runRoot(ensureRoot('bookworm-arm64'), {
    ...options,
    ...{ name: `forms-${name}`, arch, kernel: fetchKernel({ arch, ...kernel }), freeMb: FREE_MB },
    entries: [INIT, { from: script, to }, ...forms.flatMap(({ entries }) => entries)],
    command: ['set -e', ...forms.map((form) => command(form, to))].join('; '),
  });
}
