// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { scriptJson } from '../../../src/report/page-data.ts';

const PAGE = readFileSync(new URL('../../../dist/page/report.html', import.meta.url), 'utf8');
const part = (pattern: RegExp) => pattern.exec(PAGE)![1]!;
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('the page of a report', () => {
  it('allows its own script and style only, and nothing from elsewhere', () => {
    const policy = part(/Content-Security-Policy" content="([^"]*)"/);
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      `script-src ${hash(part(/<script>([\s\S]*)<\/script>/))}`,
      `style-src ${hash(part(/<style>([\s\S]*?)<\/style>/))}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
  });

  it('is small, and has the licence of the library in it', () => {
    assert.ok(PAGE.length < 200_000, `${PAGE.length} characters`);
    assert.match(PAGE, /^\/\/ node_modules\/uplot\/\S+$/m);
    assert.match(PAGE, /Permission is hereby granted, free of charge/);
  });
});

describe('JSON in a script element', () => {
  it('is the same value, and has no character that ends the element or begins another', () => {
    const data = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: fc.constantFrom('<', '/', '>', '!', '-', '&', '\u2028', '\u2029', 'script') }),
    );
    fc.assert(
      fc.property(data, (value) => {
        const json = scriptJson(value);
        assert.doesNotMatch(json, /[<>&\u2028\u2029]/);
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
