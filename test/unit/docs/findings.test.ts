// SPDX-License-Identifier: Apache-2.0
// The form of findings/, as CONTRIBUTING.md has it. Their content is shown by running them.
import assert from 'node:assert/strict';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const FOLDER = new URL('../../../findings/', import.meta.url);

describe('findings/', () => {
  for (const name of readdirSync(FOLDER)) {
    it(name, () => {
      const text = readFileSync(new URL(name, FOLDER), 'utf8');
      accessSync(new URL(name, FOLDER), constants.X_OK);
      const [shebang, license, subject, blank, ...rest] = text.split('\n');
      assert.equal(shebang, '#!/bin/sh');
      assert.equal(license, '# SPDX-License-Identifier: Apache-2.0');
      assert.match(
        subject!,
        /^# .*\d+\.\d+\.\w+.* \((?:npm|PyPI|crates\.io|Maven|Go|Debian \d+)\).*: ./,
        'software, version, origin: behaviour',
      );
      assert.equal(blank, '#');
      assert.ok(rest.some((line) => line.startsWith('# Seen')));
      assert.ok(rest.length < 80, 'short');
      // Installed and left as said.
      for (const needed of [
        'set -eu',
        'folder=$(mktemp -d)',
        'rm -rf "$folder"',
        'timeout ',
        'the behaviour has changed',
      ]) {
        assert.ok(text.includes(needed), needed);
      }
      assert.ok(text.endsWith("echo 'as described'\n"));
      assert.doesNotMatch(text, /compactstall|sudo/);
    });
  }
});
