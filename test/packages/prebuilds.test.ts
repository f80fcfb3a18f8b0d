// SPDX-License-Identifier: Apache-2.0
// What the native parts in the packages need of a host.
import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { neededVersions, readelf as readelfOf } from '../../harness/symbol-versions.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Of Debian 10, RHEL 8 and Amazon Linux 2023. */
const OLDEST_GLIBC = [2, 28] as const;
const GLIBC = /^(libc|libm|libdl|libpthread|ld-linux-x86-64|ld-linux-aarch64)\.so\.\d$/;
const MACHINES = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' };

const files = globSync('native/*/prebuilds/*/*', { cwd: ROOT }).sort();
const readelf = (file: string, what: string) => readelfOf(`${ROOT}${file}`, what);
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found!);

describe('the native parts of the packages', () => {
  it('are there for two architectures and two C libraries', () => {
    const addons = ['bpf-loader/prebuilds/%/bpf_loader.node', 'process-context/prebuilds/%/process_context.node'];
    const expected = ['arm64', 'x64'].flatMap((arch) => [
      ...['glibc', 'musl'].flatMap((libc) => addons.map((name) => name.replace('%', `linux-${arch}-${libc}`))),
      `prober-supervisor/prebuilds/linux-${arch}/compactstall-supervisor`,
    ]);
    assert.deepEqual(files, expected.map((name) => `native/${name}`).sort());
  });

  for (const file of [...files, ...globSync('bpf/prebuilds/*/*', { cwd: ROOT })]) {
    it(`${file}: does not name the folder in which it was built`, () => {
      assert.ok(!readFileSync(`${ROOT}${file}`).includes(ROOT));
    });
  }

  for (const file of files) {
    const [, arch, libc] = /linux-(x64|arm64)-?(glibc|musl)?/.exec(file) as unknown as [
      string,
      keyof typeof MACHINES,
      string,
    ];
    it(`${file}: is of its architecture, and stripped`, () => {
      assert.match(readelf(file, '--file-header'), new RegExp(`Machine: +${MACHINES[arch]}`));
      assert.doesNotMatch(readelf(file, '--sections'), /\.(symtab|debug_)/);
    });

    const needed = all(readelf(file, '--dynamic'), /\(NEEDED\).*\[(.*)\]/g);
    if (libc === 'glibc') {
      it(`${file}: needs glibc only, of ${OLDEST_GLIBC.join('.')} or before`, () => {
        assert.ok(needed.length > 0);
        for (const library of needed) assert.match(library, GLIBC);
        const versions = neededVersions(`${ROOT}${file}`);
        assert.ok(versions.length > 0);
        for (const version of versions) {
          const [major = 0, minor = 0] = (/^GLIBC_(\d+)\.(\d+)/.exec(version) ?? assert.fail(version))
            .slice(1)
            .map(Number);
          assert.ok(major === OLDEST_GLIBC[0] && minor <= OLDEST_GLIBC[1], version);
        }
      });
    } else {
      it(`${file}: needs ${libc ? 'musl' : 'nothing'} only`, () => assert.deepEqual(needed, libc ? ['libc.so'] : []));
    }

    if (file.endsWith('.node')) {
      if (libc === 'glibc') {
        it(`${file}: leaves open only what Node.js and the C library have`, () => {
          // Those of glibc have a version.
          const open = all(readelf(file, '--dyn-syms'), /(?:GLOBAL|WEAK) +\S+ +UND (\S+)$/gm);
          const weak = all(readelf(file, '--dyn-syms'), /WEAK +\S+ +UND (\S+)$/gm);
          for (const name of open) assert.ok(/^napi_|@GLIBC_/.test(name) || weak.includes(name), name);
        });
      }
      it(`${file}: exports what Node.js looks up, and nothing else`, () => {
        const exported = all(readelf(file, '--dyn-syms'), /(?:GLOBAL|WEAK) +\S+ +\d+ (\S+)$/gm);
        assert.deepEqual(
          exported.filter((name) => name !== 'node_api_module_get_api_version_v1'),
          ['napi_register_module_v1'],
        );
      });
    } else {
      it(`${file}: is executable`, () => assert.ok(statSync(`${ROOT}${file}`).mode & 0o001));
    }
  }
});
