// SPDX-License-Identifier: Apache-2.0
// The files of the package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pack } from '../../harness/npm-package.ts';
import { lostLinks } from '../support/lost-links.ts';

/** One row for each kind; `#` stands for a name. */
const KINDS = `
package.json
LICENSE
#.md
docs/#.md
docs/decisions/#.md
docs/images/#
examples/#
schema/#.json
packaging/chart/#
packaging/systemd/compactstall.service
otel-collector/#
bpf/LICENSE
bpf/Makefile
bpf/#.h
bpf/compaction.bpf.c
bpf/prebuilds/linux-arm64/compaction.bpf.o
bpf/prebuilds/linux-x64/compaction.bpf.o
native/bpf-loader/README.md
native/process-context/prebuilds/linux-arm64-glibc/process_context.node
native/process-context/prebuilds/linux-arm64-musl/process_context.node
native/process-context/prebuilds/linux-x64-glibc/process_context.node
native/process-context/prebuilds/linux-x64-musl/process_context.node
native/prober-supervisor/prebuilds/linux-arm64/compactstall-supervisor
native/prober-supervisor/prebuilds/linux-x64/compactstall-supervisor
dist/bin/compactsnoop
dist/bin/compactsnoop.js
dist/bin/compactstall
dist/bin/compactstall.js
dist/page/report.html
dist/agent/#.js
dist/libraries/#.js
dist/prober/main.js
dist/register/index.js
dist/index.js
dist/THIRD-PARTY-NOTICES.txt
dist/sbom.cdx.json
dist/library/#.js
dist/types/#.d.ts
dist/share/man/man1/#.1
dist/share/bash-completion/completions/#
dist/share/zsh/vendor-completions/#
dist/share/fish/vendor_completions.d/#.fish
node_modules/bpf-loader-native/package.json
node_modules/bpf-loader-native/LICENSE
node_modules/bpf-loader-native/README.md
node_modules/bpf-loader-native/dist/#.js
node_modules/bpf-loader-native/dist/#.d.ts
node_modules/bpf-loader-native/prebuilds/linux-arm64-glibc/bpf_loader.node
node_modules/bpf-loader-native/prebuilds/linux-arm64-musl/bpf_loader.node
node_modules/bpf-loader-native/prebuilds/linux-x64-glibc/bpf_loader.node
node_modules/bpf-loader-native/prebuilds/linux-x64-musl/bpf_loader.node
`
  .trim()
  .split('\n');

const pattern = (kind: string) => new RegExp(`^${kind.replace(/[.]/g, '\\$&').replace('#', '.+')}$`);

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-files-'));
  after(() => rmSync(folder, { recursive: true }));
  let files: string[];
  before(() => {
    execFileSync('tar', ['-xzf', pack('.', folder), '-C', folder]);
    const listed = execFileSync('find', ['package', '-type', 'f'], { cwd: folder, encoding: 'utf8' });
    files = listed
      .trim()
      .split('\n')
      .map((path) => path.replace('package/', ''));
  });

  it('has what it needs, and nothing else', () => {
    const kinds = KINDS.map((kind) => ({ kind, like: pattern(kind) }));
    assert.deepEqual({ unknown: files.filter((file) => !kinds.some(({ like }) => like.test(file))) }, { unknown: [] });
    assert.deepEqual(
      { missing: kinds.filter(({ like }) => !files.some((file) => like.test(file))).map(({ kind }) => kind) },
      { missing: [] },
    );
  });

  it('runs nothing when it is installed', () => {
    for (const path of ['package.json', 'node_modules/bpf-loader-native/package.json']) {
      const { scripts = {}, gypfile } = JSON.parse(readFileSync(join(folder, 'package', path), 'utf8'));
      assert.equal(gypfile, false, path);
      for (const script of ['preinstall', 'install', 'postinstall'])
        assert.ok(!(script in scripts), `${path}: ${script}`);
    }
  });

  it('names the parts of others that it has, with their licences', () => {
    const read = (path: string) => readFileSync(join(folder, 'package', path), 'utf8');
    const { components } = JSON.parse(read('dist/sbom.cdx.json')) as { components: Record<string, string>[] };
    const named = components.map(({ name }) => name!);
    const bundles = files.flatMap((path) => /^dist\/libraries\/(.+)\.js$/.exec(path)?.[1] ?? []);
    for (const library of bundles)
      assert.ok(
        named.some((name) => name.replace('/', '-') === library),
        library,
      );
    for (const linked of ['libbpf', 'elfutils', 'zlib', 'musl', 'libc++']) assert.ok(named.includes(linked), linked);
    const notices = read('dist/THIRD-PARTY-NOTICES.txt');
    for (const { name, version, licenses, purl } of components) {
      assert.ok(notices.includes(`\n${name} ${version} (`), name);
      assert.match(JSON.stringify(licenses), /^\[\{"expression":"[\w. ()+-]+"\}\]$/, name);
      assert.match(purl!, /^pkg:(npm|deb|pypi)\/.+@/, name);
    }
  });

  it('has what its documents link to', () => assert.deepEqual(lostLinks(join(folder, 'package'), files), []));
});
