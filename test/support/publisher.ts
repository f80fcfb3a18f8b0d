// SPDX-License-Identifier: Apache-2.0
/** A process that publishes a process context and stalls when told to: harness/programs/publishers/context.c. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandedProgram } from './commanded-program.ts';

export const PUBLISHER = fileURLToPath(new URL('../../harness/programs/publishers/build/context', import.meta.url));

export class Publisher extends CommandedProgram {
  constructor(how: 'memfd' | 'anon', env: NodeJS.ProcessEnv = {}) {
    if (!existsSync(PUBLISHER)) throw new Error(`${PUBLISHER} has not been built`);
    super(PUBLISHER, [how], env);
  }

  publish = (payload: Buffer) => this.tell(`publish ${payload.toString('hex')}`);
  /** From now on payloads are there. */
  put = (where: 'heap' | 'data' | 'shm' | 'huge' | 'file') => this.tell(`put ${where}`);
  churn = () => this.tell('churn');
  withdraw = () => this.tell('withdraw');
  stall = (file: string) => this.tell(`stall ${file}`);
  exec = (program: string) => this.tell(`exec ${program}`);
  /** Names memory so, again and again; undefined: by a pointer that leads nowhere. */
  name = (count: number, name?: string) => this.tell(`name ${count}${name === undefined ? '' : ` ${name}`}`);
}
