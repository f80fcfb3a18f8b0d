#!/usr/bin/env -S node --no-memory-reducer --max-semi-space-size=2
// SPDX-License-Identifier: Apache-2.0
import { main } from '../cli/main.ts';
import { snoop } from '../cli/snoop.ts';

await main('compactsnoop', snoop);
