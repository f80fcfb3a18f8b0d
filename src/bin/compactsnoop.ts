#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --no-memory-reducer --max-semi-space-size=2
// SPDX-License-Identifier: Apache-2.0
import { requireNode } from '../node-version.ts';

requireNode('compactsnoop');
const { main } = await import('../cli/main.ts');
const { snoop } = await import('../cli/snoop.ts');

await main('compactsnoop', snoop);
