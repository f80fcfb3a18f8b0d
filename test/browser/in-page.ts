// SPDX-License-Identifier: Apache-2.0
/** What tests run in a page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** Of a canvas, in the page. */
export const IS_DRAWN =
  '(one) => one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some((byte) => byte > 0)';

/** Tries in the page what a report must not do. @returns what was refused */
export const ATTEMPTS = `(async () => {
  const seen = new Set();
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => seen.add(effectiveDirective));
  const script = document.createElement('script');
  script.append('document.title = "ran"');
  document.body.append(script);
  document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/' }));
  await fetch('http://127.0.0.1:9/').catch(() => {});
  try {
    document.body.innerHTML = '<p>';
  } catch {
    seen.add('innerHTML');
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [...seen];
})()`;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_RUN = `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.length + ' such as ' + nodes[0].html + ' ' + (nodes[0].failureSummary ?? '')))`;

/** The rules of accessibility that are broken, each with the first place. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(AXE_RUN);
}
