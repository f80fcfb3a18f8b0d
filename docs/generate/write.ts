// SPDX-License-Identifier: Apache-2.0
// Writes docs/attributes.md anew: node src/sinks/otlp/write-attributes-doc.ts
import { writeFileSync } from 'node:fs';
import { attributesDoc } from './attributes.ts';

writeFileSync(new URL('../attributes.md', import.meta.url), attributesDoc());
