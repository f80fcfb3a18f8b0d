// SPDX-License-Identifier: Apache-2.0
/** Puts data into the page: in Node.js, and in a page that exports itself. */
import type { ReportData } from './data.ts';

/** Where the page has its data: rolldown.config.js puts script and style around it. */
const PLACE = '{{data}}';

/** @param data null where the page asks a server for it */
export function withData(page: string, data: ReportData | null): string {
  const at = page.indexOf(PLACE);
  return page.slice(0, at) + scriptJson(data) + page.slice(at + PLACE.length);
}

/** JSON that ends no script element and begins no comment, and that is JavaScript of any version as well. */
export const scriptJson = (data: unknown): string =>
  JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
