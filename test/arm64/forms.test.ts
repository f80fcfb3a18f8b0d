// SPDX-License-Identifier: Apache-2.0
// What is installed on arm64: each form, in a Debian that has no Node.js, or in a root file system in it, in machines.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Entry, INIT } from '../../harness/machine/contents.ts';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { kernelNamed } from '../../harness/machine/kernels.ts';
import { runRoot } from '../../harness/machine/run-root.ts';
import { ensureRoot } from '../../harness/roots/roots.ts';
import { buildDebianPackage } from '../../packaging/debian/build.ts';
import { commandOf, makeRoot } from '../../packaging/image/root.ts';
import { buildSingleFile } from '../../packaging/single-file/build.ts';
import type { Check } from '../../src/doctor/check.ts';
import type { CompactionEvent } from '../../src/event/event.ts';
import { installPackage } from '../packages/install.ts';
import { AT_ONCE } from '../vm/subtests.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const GUEST = '/srv/form.sh';
/** Not in the PATH of those that it starts. */
const CHROOT = '/usr/sbin/chroot';
/** A limit that only a hang reaches. */
const LIMIT_MS = 600_000;
/** One of them is unpacked, or installed, in the machine. */
const FREE_MB = 300;

interface Form {
  /** What is added to the root file system. */
  entries: readonly Entry[];
  /** The command that installs it. */
  install: string;
  /** The command that starts it. */
  start: string;
}

/** What the machine reports of a form, a line each. */
type Line = { doctor: { checks: readonly Check[] }; code: number } | { event: CompactionEvent } | { ended: number };

const folder = mkdtempSync(join(tmpdir(), 'compactstall-forms-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));
const empty = (name: string) => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};

/** Starts a command in the root file system at $1, with the kernel's own file systems. */
const enter = (root: string) =>
  `for folder in proc sys dev; do mkdir -p ${root}/$folder && mount --rbind /$folder ${root}/$folder; done`;

const FORMS: Readonly<Record<string, () => Form>> = {
  'the Debian package': () => {
    const deb = buildDebianPackage('arm64');
    const to = `/srv/${basename(deb)}`;
    return { entries: [{ from: deb, to }], install: `dpkg --install ${to}`, start: 'compactstall' };
  },
  'the image': () => {
    const root = join(folder, 'image');
    makeRoot('arm64', root);
    const { Env, Entrypoint } = commandOf(root);
    return {
      entries: [{ from: root, to: '/srv/image' }],
      install: enter('/srv/image'),
      start: ['env', ...Env, CHROOT, '/srv/image', ...Entrypoint].join(' '),
    };
  },
  'the one file': () => {
    const from = buildSingleFile(folder, 'arm64', { archive: false });
    return { entries: [{ from, to: '/root/compactstall' }], install: ':', start: '/root/compactstall' };
  },
  'the npm package with musl': () => {
    const project = empty('project');
    installPackage(project);
    return {
      entries: [
        { from: ensureRoot('musl-arm64'), to: '/srv/musl' },
        { from: join(project, 'node_modules'), to: '/srv/musl/srv/node_modules' },
      ],
      install: enter('/srv/musl'),
      start: `env PATH=/usr/bin:/bin ${CHROOT} /srv/musl /srv/node_modules/.bin/compactstall`,
    };
  },
};

/** Two forms to a machine, as it takes longer to boot it than to try one. */
const MACHINES: Readonly<Record<string, readonly (keyof typeof FORMS)[]>> = {
  '6.1-arm64': ['the one file', 'the npm package with musl'],
  '6.12-arm64-16k': ['the Debian package', 'the image'],
};

async function tryForms(t: TestContext, name: string, wanted: readonly string[]): Promise<void> {
  const forms = wanted.map((form) => made.get(form)!);
  const { arch, ...kernel } = kernelNamed(name);
  const machine = runRoot(ensureRoot('bookworm-arm64'), {
    ...{ name: `forms-${name}`, arch, kernel: fetchKernel({ arch, ...kernel }), limitMs: LIMIT_MS, freeMb: FREE_MB },
    entries: [INIT, { from: here('guest/form.sh'), to: GUEST }, ...forms.flatMap(({ entries }) => entries)],
    command: ['set -e', ...forms.flatMap(({ install, start }) => [install, `${GUEST} ${start}`])].join('; '),
    say: (message) => t.diagnostic(message),
  });
  const lines: Line[] = [];
  for (;;) {
    const { done, value } = await machine.next();
    if (done) {
      assert.equal(value, 0, 'exit status of the forms');
      break;
    }
    lines.push(JSON.parse(value) as Line);
  }
  for (const form of wanted) {
    await t.test(form, () => {
      // One zone has all memory there.
      const [said, row, end] = lines.splice(0, 3);
      assert.ok(said && 'doctor' in said && row && 'event' in row && end && 'ended' in end, JSON.stringify(lines));
      const others = said.doctor.checks.filter(({ status }) => status !== 'ok').map(({ id }) => id);
      // The machine has no /etc/machine-id.
      assert.deepEqual([said.code, others], [0, ['host']]);
      // Nothing was lost.
      assert.equal(end.ended, 0);
      // Its executable is not waited for longer than an emulated prober may take; doctor has seen that the prober answers.
      const { trigger, comm, stack } = row.event;
      assert.deepEqual([trigger, comm], ['manual', basename(GUEST)]);
      assert.match(stack?.[0] ?? '', /compact_zone\+0x/);
    });
  }
  assert.deepEqual(lines, []);
}

/** Made before the first machine boots, as this thread does nothing else meanwhile. */
const made = new Map<string, Form>();
before(() => {
  for (const [name, make] of Object.entries(FORMS)) made.set(name, make());
});

describe(`on arm64, ${AT_ONCE} machines at once`, { concurrency: AT_ONCE }, () => {
  for (const [name, forms] of Object.entries(MACHINES)) {
    it(`Linux ${name}`, (t) => tryForms(t, name, forms));
  }
});
