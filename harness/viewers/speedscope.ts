// SPDX-License-Identifier: Apache-2.0
// speedscope's own importer. Its package is a web page in one script, which has the importer inside. Node.js runs that script up to the point
// where it wants to show something, and then calls the importer.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { ensureViewers } from './viewers.ts';

/** A profile as speedscope has it. */
export interface Profile {
  getName(): string;
  getTotalWeight(): number;
  forEachFrame(use: (frame: { name: string; getTotalWeight(): number }) => void): void;
}

interface Importers {
  importProfileGroupFromText(name: string, text: string): Promise<{ profiles: Profile[] } | null>;
}

/** The bundler's way to load the importers when they are wanted: their module is initialised and returned. */
const LOADER = /Promise\.resolve\(\)\.then\(\(\)=>(\(\w+\(\),(\w+)\))\)/g;
const START = '(()=>{';

/** @returns what the page would show of a file; undefined where it would refuse it */
export async function openInSpeedscope(name: string, text: string): Promise<Profile | undefined> {
  const group = await importers().importProfileGroupFromText(name, text);
  return group?.profiles[0];
}

function importers(): Importers {
  const [file] = globSync('dist/release/speedscope-*.js', { cwd: ensureViewers().speedscope });
  const script = readFileSync(join(ensureViewers().speedscope, file!), 'utf8');
  const loader = [...script.matchAll(LOADER)].find(([, , module]) =>
    script.includes(`(${module},{importFromFileSystemDirectoryEntry`),
  );
  if (!loader)
    throw new Error('the importers of speedscope are not where they were: see harness/viewers/speedscope.ts');
  const context = vm.createContext({ console: { ...console, log: () => {} }, TextDecoder, TextEncoder, performance });
  try {
    vm.runInContext(script.replace(START, `${START}globalThis.importers=()=>${loader[1]};`), context);
  } catch (error) {
    // There is no page.
    if ((error as Error).name !== 'ReferenceError') throw error;
  }
  return vm.runInContext('importers()', context);
}
