// SPDX-License-Identifier: Apache-2.0
// Writes docs/attributes.md, docs/configuration.md, the messages of docs/troubleshooting.md and the schemas, and draws the pictures of docs/images/ from their spans; part of `npm run generate`.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tracePicture } from '../../examples/trace/picture.ts';
import { flattenSpans } from '../../harness/receivers/otlp.ts';
import { attributesDoc } from './attributes-doc.ts';
import { configurationDoc } from './configuration-doc.ts';
import { configurationSchema } from './configuration-schema.ts';
import { eventSchema } from './event-schema.ts';
import { troubleshootingDoc } from './troubleshooting-doc.ts';

const docs = new URL('..', import.meta.url).pathname;

writeFileSync(`${docs}attributes.md`, attributesDoc());
writeFileSync(`${docs}configuration.md`, configurationDoc());
const troubleshooting = `${docs}troubleshooting.md`;
writeFileSync(troubleshooting, troubleshootingDoc(readFileSync(troubleshooting, 'utf8')));
writeFileSync(`${docs}../schema/compactstall.schema.json`, configurationSchema());
writeFileSync(`${docs}../schema/event.schema.json`, `${JSON.stringify(eventSchema(), null, 2)}\n`);
for (const file of globSync(`${docs}images/*.json`)) {
  const spans = flattenSpans(JSON.parse(readFileSync(file, 'utf8')));
  writeFileSync(file.replace(/json$/, 'svg'), tracePicture(spans));
}
