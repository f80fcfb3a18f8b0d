// SPDX-License-Identifier: Apache-2.0
// Writes docs/attributes.md, and draws the pictures of docs/images/ from their spans; part of `npm run generate`.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tracePicture } from '../../examples/trace/picture.ts';
import { flattenSpans } from '../../harness/receivers/otlp.ts';
import { attributesDoc } from './attributes-doc.ts';

const docs = new URL('..', import.meta.url).pathname;

writeFileSync(`${docs}attributes.md`, attributesDoc());
for (const file of globSync(`${docs}images/*.json`)) {
  const spans = flattenSpans(JSON.parse(readFileSync(file, 'utf8')));
  writeFileSync(file.replace(/json$/, 'svg'), tracePicture(spans));
}
