// SPDX-License-Identifier: Apache-2.0
/** Debian's Chromium without its own traffic, and a page of which everything is noted that a report must not do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { CHROMIUM } from './chromium.ts';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Opened {
  page: Page;
  /** Messages on the console, errors, refusals by the policy, and requests besides that of the file. */
  faults: string[];
}

/** A browser with a new profile; call `close` at the end. */
export async function browser(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'compactstall-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: QUIET,
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** @param ofWhat a file, or the address of a page, which may ask for what is below it */
export async function open(context: BrowserContext, ofWhat: string, width = 1600): Promise<Opened> {
  const isLive = ofWhat.startsWith('http:');
  const url = isLive ? ofWhat : `file://${ofWhat}`;
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const isOwn = isLive ? request.url().startsWith(url) : request.url() === url;
    if (!isOwn) faults.push(`request: ${request.url()}`);
  });
  await page.setViewportSize({ width, height: 1000 });
  await page.goto(url);
  return { page, faults };
}
