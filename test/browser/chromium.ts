// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';

/** Debian's. */
export const CHROMIUM = '/usr/bin/chromium';

/** The reason why reports cannot be opened here; undefined if they can. */
export const missingForBrowser = (): string | undefined =>
  existsSync(CHROMIUM) ? undefined : 'there is no Chromium of Debian here. ./setup.sh all installs it';
