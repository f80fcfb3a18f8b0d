// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { installed } from '../installation.ts';
import type { ReportData } from './data.ts';
import { withData } from './page-data.ts';

/** How its policy begins. */
const POLICY = "default-src 'none'";

/** The page without data. */
export const emptyPage = (): string => readFileSync(installed('dist/page/report.html'), 'utf8');

/** The page with its data: a whole file, which loads nothing. */
export const reportHtml = (data: ReportData): string => withData(emptyPage(), data);

/** The page that asks the server that it is from, and nobody else, for its data. */
export const livePage = (empty: string): string =>
  withData(empty.replace(POLICY, `${POLICY}; connect-src 'self'`), null);
