// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { installed } from '../installation.ts';
import type { ReportData } from './data.ts';

/** Where the page has its data: rolldown.config.js puts script and style around it. */
const PLACE = '{{data}}';
/** How its policy begins. */
const POLICY = "default-src 'none'";

/** The page with its data: a whole file, which loads nothing. */
export function reportHtml(data: ReportData): string {
  return withData(template(), data);
}

/** The same page without data, which asks the server that it is from for them, and nobody else. */
export function livePage(): string {
  return withData(template().replace(POLICY, `${POLICY}; connect-src 'self'`), null);
}

const template = () => readFileSync(installed('dist/page/report.html'), 'utf8');

function withData(page: string, data: ReportData | null): string {
  const at = page.indexOf(PLACE);
  return page.slice(0, at) + scriptJson(data) + page.slice(at + PLACE.length);
}

/** JSON that ends no script element and begins no comment, and that is JavaScript of any version as well. */
export const scriptJson = (data: unknown): string =>
  JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
