// SPDX-License-Identifier: Apache-2.0
// Makes the image for containers, for amd64 and arm64, without a daemon and without root: build/packages/compactstall-VERSION-image.tar.
//
//   node packaging/image/build.ts
//
// It is an archive in the layout of the OCI: `skopeo copy --all oci-archive:FILE docker://REGISTRY/NAME:TAG` puts it into a registry.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceDate } from '../source-date.ts';
import { ARCHITECTURES, archive, writeImage } from './oci.ts';
import { commandOf, makeRoot } from './root.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const { version, description, license } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

const work = mkdtempSync(join(tmpdir(), 'compactstall-image-'));
try {
  const date = sourceDate();
  const platforms = ARCHITECTURES.map((architecture) => {
    const root = join(work, architecture);
    makeRoot(architecture, root);
    return { architecture, root };
  });
  const Labels = {
    'org.opencontainers.image.title': 'compactstall',
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
  };
  const layout = join(work, 'layout');
  writeImage(
    layout,
    platforms,
    { ...commandOf(platforms[0]!.root), Labels },
    {
      name: `compactstall:${version}`,
      date,
    },
  );
  const file = `${ROOT}build/packages/compactstall-${version}-image.tar`;
  mkdirSync(`${ROOT}build/packages`, { recursive: true });
  writeFileSync(file, archive(layout, date));
  console.log(file);
} finally {
  rmSync(work, { recursive: true });
}
