// SPDX-License-Identifier: Apache-2.0
// A Node.js service whose requests are handled at the same time: the Node.js that is in the machine.
import { before, it } from 'node:test';
import { assertOwnStalls } from '../../support/interleaved-requests.ts';
import { setUp } from './settings.ts';

before(() => setUp());

it('stalls of interleaved requests are children of their own spans', () =>
  assertOwnStalls(process.execPath, [], 'requests.mjs'));
