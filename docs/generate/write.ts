// SPDX-License-Identifier: Apache-2.0
// Writes docs/attributes.md; part of `npm run generate`.
import { writeFileSync } from 'node:fs';
import { attributesDoc } from './attributes.ts';

writeFileSync(new URL('../attributes.md', import.meta.url), attributesDoc());
