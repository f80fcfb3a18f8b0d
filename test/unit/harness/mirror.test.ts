// SPDX-License-Identifier: Apache-2.0
// The choice of the Debian mirror, with a shell script instead of apt-get.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../toolchain/mirror.sh', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'compactstall-'));
after(() => rmSync(folder, { recursive: true }));

/** @param targets lines of component, release, origin, label and URI, as apt-get prints them */
function mirror(targets: readonly string[], env: Record<string, string> = {}): string {
  const lines = targets.map((line) => `echo '${line}'`).join('\n');
  writeFileSync(join(folder, 'apt-get'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  const { COMPACTSTALL_DEBIAN_MIRROR: _, ...rest } = process.env;
  return execFileSync('sh', ['-euc', `. ${SCRIPT}; debian_mirror`], {
    encoding: 'utf8',
    env: { ...rest, PATH: `${folder}:${process.env.PATH}`, ...env },
  }).trim();
}

const OTHER = 'main|nodistro|. nodistro|. nodistro|https://other.example/packages/';
const SECURITY = 'main|bookworm-security|Debian|Debian-Security|http://mirror.example/debian-security/';
const DEBIAN = 'main|bookworm|Debian|Debian|http://mirror.example/debian/';

describe('the Debian mirror', () => {
  it("is that of apt: Debian's main, neither its security updates nor other packages", () => {
    assert.equal(mirror([OTHER, SECURITY, DEBIAN]), 'http://mirror.example/debian');
  });

  it('is nothing where apt has none', () => {
    assert.equal(mirror([OTHER, 'main|noble|Ubuntu|Ubuntu|http://mirror.example/ubuntu/']), '');
    assert.equal(mirror([]), '');
  });

  it('is the one in the variable', () => {
    assert.equal(mirror([DEBIAN], { COMPACTSTALL_DEBIAN_MIRROR: 'http://own.example/d' }), 'http://own.example/d');
  });
});
