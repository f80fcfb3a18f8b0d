// SPDX-License-Identifier: Apache-2.0
// The image for containers as an archive: the same bytes each time, both architectures, small, readable by a real tool, and run by
// another with the command of the documents.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentedRun, MORE_FLAGS, podman } from '../../harness/podman.ts';
import { type Receiver, startReceiver } from '../../harness/receivers/test-agent.ts';
import { ARCHITECTURES, archive } from '../../packaging/image/oci.ts';
import { makeRoot } from '../../packaging/image/root.ts';
import { sourceDate } from '../../packaging/source-date.ts';
import { VERSION } from '../../src/version.ts';
import { Agent } from '../support/agent.ts';
import { eventsOf, Shell, serviceOfNext, ZONES } from '../support/shell.ts';

const BUILD = fileURLToPath(new URL('../../packaging/image/build.ts', import.meta.url));
const MOST_BYTES = 60e6;
const DEADLINE_MS = 60_000;

const temporary = mkdtempSync(join(tmpdir(), 'compactstall-image-test-'));
const layout = join(temporary, 'layout');
let file: string;
let digest: string;

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const build = (umask: string, zone: string) =>
  execFileSync('sh', ['-c', `umask ${umask}; exec "$0" "$1"`, process.execPath, BUILD], {
    encoding: 'utf8',
    env: { ...process.env, TZ: zone },
  }).trim();
const blob = (name: string) => readFileSync(join(layout, 'blobs/sha256', name.replace('sha256:', '')));
const json = (name: string) => JSON.parse(blob(name).toString());

/** The manifest and the configuration of each architecture. */
function platforms() {
  const [{ digest: list }] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  return json(list).manifests.map(({ digest: name, platform }: { digest: string; platform: object }) => {
    const manifest = json(name);
    return { platform, manifest, config: json(manifest.config.digest) };
  });
}

/** The files of each architecture's layer, unpacked. */
const rootOf = (architecture: string) => join(temporary, architecture);

before(() => {
  file = build('022', 'UTC');
  digest = sha256(readFileSync(file));
  execFileSync('skopeo', ['copy', '--quiet', '--all', `oci-archive:${file}`, `oci:${layout}:copied`]);
  for (const { manifest, platform } of platforms()) {
    mkdirSync(rootOf(platform.architecture));
    execFileSync('tar', ['-xzf', '-', '-C', rootOf(platform.architecture)], { input: blob(manifest.layers[0].digest) });
  }
});
after(() => rmSync(temporary, { recursive: true }));

it('built again, with another umask and time zone, has the same bytes', () => {
  assert.equal(sha256(readFileSync(build('077', 'Asia/Tokyo'))), digest);
});

it('skopeo finds both architectures, which one name stands for', () => {
  assert.deepEqual(
    platforms().map(({ platform }: { platform: object }) => platform),
    ARCHITECTURES.map((architecture) => ({ architecture, os: 'linux' })),
  );
  for (const architecture of ARCHITECTURES) {
    const words = ['inspect', '--override-arch', architecture, `oci-archive:${file}`];
    const { Architecture, Labels } = JSON.parse(execFileSync('skopeo', words, { encoding: 'utf8' }));
    assert.equal(Architecture, architecture);
    assert.equal(Labels['org.opencontainers.image.title'], 'compactstall');
  }
});

it('is less than 60 MB for each architecture', () => {
  for (const { manifest } of platforms()) assert.ok(manifest.layers[0].size < MOST_BYTES, `${manifest.layers[0].size}`);
});

it('has the files that test/packages/container.test.ts runs', () => {
  makeRoot('amd64', join(temporary, 'again'));
  const [{ config }] = platforms();
  assert.deepEqual(config.rootfs.diff_ids, [`sha256:${sha256(archive(join(temporary, 'again'), sourceDate()))}`]);
});

for (const architecture of ARCHITECTURES) {
  describe(`the files for ${architecture}`, () => {
    const files = () => globSync('**', { cwd: rootOf(architecture) }).filter((path) => path !== '.');

    it('belong to root, can be read by every user, and written by root alone', () => {
      for (const path of files()) {
        const { uid, gid, mode } = lstatSync(join(rootOf(architecture), path));
        assert.deepEqual([uid, gid], [0, 0], path);
        if ((mode & 0o170000) === 0o120000) continue;
        assert.equal(mode & 0o7022, 0, path);
        assert.equal(mode & 0o044, 0o044, path);
      }
    });

    it('are no shell, and have their licences with them', () => {
      assert.deepEqual(
        files()
          .filter((path) => /^(?:usr\/)?s?bin\//.test(path))
          .sort(),
        ['usr/bin/compactsnoop', 'usr/bin/compactstall'],
      );
      const agent = 'usr/lib/compactstall';
      for (const path of [`${agent}/LICENSE`, `${agent}/LICENSE.node`, `${agent}/bpf/LICENSE`]) {
        assert.ok(files().includes(path), path);
      }
      for (const library of ['libc6', 'libgcc-s1', 'libstdc++6']) {
        assert.ok(
          readFileSync(join(rootOf(architecture), `usr/share/doc/${library}/copyright`)).length > 1000,
          library,
        );
      }
    });

    it('have every library that a program or an addon among them asks for', () => {
      const names = new Set(files().map((path) => basename(path)));
      const programs = files().filter((path) =>
        /\/(?:node|prebuilds\/[^/]+\/(?:[^/]+\.node|compactstall-supervisor))$/.test(path),
      );
      assert.ok(programs.length >= 3, programs.join(' '));
      for (const path of programs) {
        const printed = execFileSync('llvm-readelf', ['--needed-libs', join(rootOf(architecture), path)]);
        const needed = [...printed.toString().matchAll(/^ +(\S+)$/gm)].map(([, name]) => name!);
        assert.deepEqual(
          needed.filter((name) => !names.has(name)),
          [],
          path,
        );
      }
    });
  });
}

describe('podman', () => {
  const words = podman(temporary);
  const { flags, args } = documentedRun();
  const program = `localhost/compactstall:${VERSION}`;
  const start = (t: TestContext, of: readonly string[], ...more: string[]) => {
    // An agent that is killed leaves its container.
    t.after(() => run('rm', '--force', '--all'));
    return new Agent([...args, '--output', 'json'], { under: [...words, ...of, ...MORE_FLAGS, ...more], program });
  };
  const run = (...command: string[]) => execFileSync(words[0]!, [...words.slice(1), ...command]);
  let receiver: Receiver;

  before(async () => {
    run('load', '--quiet', '--input', file);
    receiver = await startReceiver();
  });
  after(() => receiver.stop());

  it('runs it with the documented rights, and with the seccomp profile of the chart', async (t) => {
    const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.endpoint}`;
    const agent = await start(t, flags, '--env', endpoint).attached();
    const shell = new Shell();
    assert.equal(await serviceOfNext(agent, shell), 'shop');
    assert.match(eventsOf(agent, shell)[0]!.stack![0]!, /compact_zone\+0x/);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    const spans = await receiver.waitForSpans(ZONES, DEADLINE_MS);
    const { resource } = spans.find(({ attributes }) => attributes['process.pid'] === shell.pid)!;
    assert.deepEqual([resource['service.name'], resource['host.name']], ['shop', hostname()]);
  });

  it('without a capability of the documents: exit code 3, and which one is missing', async (t) => {
    const { code, stderr } = await start(t, flags.toSpliced(flags.indexOf('BPF') - 1, 2)).finished;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /CAP_BPF is missing/);
  });
});
