// SPDX-License-Identifier: Apache-2.0
// inferno, which draws flame graphs of folded stacks as SVG. inferno.sh has the version.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INSTALL = fileURLToPath(new URL('inferno.sh', import.meta.url));

/** Either its program, or the reason why there is none: this host has no Rust that is new enough. */
export type Inferno = { inferno: string; lacks?: undefined } | { inferno?: undefined; lacks: string };

/** A box of the drawing. */
export interface Box {
  name: string;
  /** Microseconds. */
  weight: number;
}

let installed: Inferno | undefined;

/** Builds it if necessary. Throws when that fails, and inferno.sh prints the reason on stderr. */
export function ensureInferno(): Inferno {
  if (installed) return installed;
  const line = execFileSync(INSTALL, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const [, name, value] = /^(inferno|lacks)=(.*)$/.exec(line)!;
  installed = { [name!]: value } as unknown as Inferno;
  return installed;
}

/** @returns the boxes that it draws of a file, however narrow. @throws what it says of the file, such as of a line that it left out */
export function drawWithInferno(program: string, file: string): Box[] {
  const words = ['--countname', 'us', '--minwidth', '0', file];
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`inferno ended with ${status}: ${stderr}`);
  const titles = stdout.matchAll(/<title>([^<]*) \(([\d,]+) us, [\d.]+%\)<\/title>/g);
  return [...titles].map(([, name, weight]) => ({
    name: unescaped(name!),
    weight: Number(weight!.replaceAll(',', '')),
  }));
}

const ENTITIES: { [entity: string]: string } = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };
const unescaped = (text: string) => text.replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity);
