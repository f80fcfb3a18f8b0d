// SPDX-License-Identifier: Apache-2.0
/** Writes an image in the layout of the OCI (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What an image of one architecture consists of. */
export interface Platform {
  architecture: Architecture;
  /** Its root file system. */
  root: string;
}

export interface ImageConfig {
  Entrypoint: readonly string[];
  Env: readonly string[];
  Labels: Readonly<Record<string, string>>;
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const TYPE = 'application/vnd.oci.image';
const GNU_TAR = ['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+w,go=u-w'];

/**
 * The same files, date and configuration make the same bytes. All files belong to root, can be read by every user, and have
 * one date. Each architecture has one layer.
 */
export function writeImage(
  folder: string,
  platforms: readonly Platform[],
  config: ImageConfig,
  { name, date }: { name: string; date: Date },
): void {
  const blobs = `${folder}/blobs/sha256`;
  mkdirSync(blobs, { recursive: true });

  const blob = (mediaType: string, content: Buffer): Descriptor => {
    const hash = sha256(content);
    writeFileSync(`${blobs}/${hash}`, content);
    return { mediaType: `${TYPE}.${mediaType}`, digest: `sha256:${hash}`, size: content.length };
  };
  const json = (mediaType: string, content: object) => blob(mediaType, Buffer.from(JSON.stringify(content)));

  const created = `${date.toISOString().slice(0, 19)}Z`;
  const manifests = platforms.map(({ architecture, root }) => {
    const files = archive(root, date);
    const layer = blob('layer.v1.tar+gzip', gzipSync(files));
    const platform = { architecture, os: 'linux' };
    const settings = json('config.v1+json', {
      created,
      ...platform,
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(files)}`] },
      history: [{ created, comment: 'packaging/image/build.ts' }],
    });
    const manifest = { schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config: settings, layers: [layer] };
    return { ...json('manifest.v1+json', manifest), platform };
  });
  const list = { schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests };
  const index = { ...json('index.v1+json', list), annotations: { 'org.opencontainers.image.ref.name': name } };
  writeFileSync(`${folder}/index.json`, JSON.stringify({ ...list, manifests: [index] }));
  writeFileSync(`${folder}/oci-layout`, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** The files of a folder as a tar archive. */
export function archive(root: string, date: Date): Buffer {
  const words = [...GNU_TAR, `--mtime=@${date.getTime() / 1000}`, '-C', root, '-cf', '-', ...readdirSync(root).sort()];
  return execFileSync('tar', words, { maxBuffer: 2 ** 30 });
}
