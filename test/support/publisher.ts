// SPDX-License-Identifier: Apache-2.0
/** A process that publishes a process context, and stalls on command: harness/programs/publishers/context.c. */
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
  /** Chooses the place of later payloads. */
  put = (where: 'heap' | 'data' | 'shm' | 'huge' | 'file') => this.tell(`put ${where}`);
  churn = () => this.tell('churn');
  withdraw = () => this.tell('withdraw');
  stall = (file: string) => this.tell(`stall ${file}`);
  exec = (program: string) => this.tell(`exec ${program}`);
  /** Gives memory this name again and again; undefined is an invalid pointer. */
  name = (count: number, name?: string) => this.tell(`name ${count}${name === undefined ? '' : ` ${name}`}`);
}
