// SPDX-License-Identifier: Apache-2.0
import { requireNode } from '../node-version.ts';

requireNode('compactsnoop');
const { main } = await import('../cli/main.ts');
const { snoop } = await import('../cli/snoop.ts');

await main('compactsnoop', snoop);
