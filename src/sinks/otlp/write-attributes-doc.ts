// SPDX-License-Identifier: Apache-2.0
// Writes docs/attributes.md anew: node src/sinks/otlp/write-attributes-doc.ts
import { writeFileSync } from 'node:fs';
import { attributesDoc } from './attributes-doc.ts';

writeFileSync(new URL('../../../docs/attributes.md', import.meta.url), attributesDoc());
