// SPDX-License-Identifier: Apache-2.0
/** A process that publishes a process context, and stalls on command: harness/programs/publishers/context.c. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandedProgram } from './commanded-program.ts';

const build = (name: string) =>
  fileURLToPath(new URL(`../../harness/programs/publishers/build/${name}`, import.meta.url));
export const PUBLISHER = build('context');

export class Publisher extends CommandedProgram {
  /** @param name the program, which may contain the variable of the thread context */
  constructor(how: 'memfd' | 'anon', env: NodeJS.ProcessEnv = {}, name = 'context') {
    if (!existsSync(build(name))) throw new Error(`${name} has not been built`);
    super(build(name), [how], env);
  }

  publish = (payload: Buffer) => this.tell(`publish ${payload.toString('hex')}`);
  /** Chooses the place of later payloads. */
  put = (where: 'heap' | 'data' | 'shm' | 'huge' | 'file') => this.tell(`put ${where}`);
  /** Publishes these bytes as the thread's record; without any, none. */
  span = (record: Buffer) => this.tell(`span ${record.toString('hex')}`);
  churn = () => this.tell('churn');
  withdraw = () => this.tell('withdraw');
  stall = (file: string) => this.tell(`stall ${file}`);
  exec = (program: string) => this.tell(`exec ${program}`);
  /** Gives memory this name again and again; undefined is an invalid pointer. */
  name = (count: number, name?: string) => this.tell(`name ${count}${name === undefined ? '' : ` ${name}`}`);
}
