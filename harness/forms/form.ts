// SPDX-License-Identifier: Apache-2.0
/** The ways to install compactstall on a host that has nothing of it. */
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { buildDebianPackage } from '../../packaging/debian/build.ts';
import type { Arch } from '../../packaging/node.ts';
import { buildSingleFile } from '../../packaging/single-file/build.ts';
import { ensureNpm, pack } from '../npm-package.ts';

export interface Form {
  /** What is brought to the host, compactstall first. */
  entries: readonly { from: string; to: string }[];
  /** The command of a shell that installs it. */
  install: string;
  /** The command that starts it. */
  start: string;
}

/** The one file, and the archive of the same tree. @param folder where they are made */
export function singleFile(folder: string, arch: Arch): { oneFile: Form; archive: Form } {
  const path = buildSingleFile(folder, arch);
  const tree = basename(path);
  const [file, archive] = [`/srv/${tree}`, `/srv/${tree}.tar.xz`];
  return {
    oneFile: { entries: [{ from: path, to: file }], install: ':', start: file },
    archive: {
      entries: [{ from: `${path}.tar.xz`, to: archive }],
      // The smallest Debian has no xz, but apt, which reads such files.
      install: `mkdir -p /opt && /usr/lib/apt/apt-helper cat-file ${archive} | tar -xf - -C /opt`,
      start: `/opt/${tree}/bin/compactstall`,
    },
  };
}

/** @param install the command that takes its file */
export function debianPackage(arch: 'amd64' | 'arm64', install: string): Form {
  const from = buildDebianPackage(arch);
  const to = `/srv/${basename(from)}`;
  return { entries: [{ from, to }], install: `${install} ${to}`, start: 'compactstall' };
}

/** npm's package with the npm of a Node.js that is there, with an empty cache: installed, and run by npx. */
export function npmPackage(folder: string): { install: Form; npx: Form } {
  const from = pack('.', folder);
  const to = `/srv/${basename(from)}`;
  const entries = [
    { from, to },
    { from: ensureNpm(), to: '/srv/npm' },
  ];
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const npm = (program: string) => `env npm_config_registry=${registry} node /srv/npm/bin/${program}.js`;
  return {
    install: { entries, install: `${npm('npm-cli')} install --silent --global ${to}`, start: 'compactstall' },
    npx: { entries, install: ':', start: `${npm('npx-cli')} --yes --package ${to} compactstall` },
  };
}

/** Where the scripts that run in a host are. */
export const script = (name: string): string => join(import.meta.dirname, name);
