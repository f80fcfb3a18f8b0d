#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { main } from '../cli/main.ts';
import { snoop } from '../cli/snoop.ts';

await main('compactsnoop', snoop);
