// SPDX-License-Identifier: Apache-2.0
/** A shell with a service that stalls on command, and an agent that sees it. */
import type { TestContext } from 'node:test';
import { COMPACT_NODE0, populatedZones } from '../../harness/host.ts';
import { Agent } from './agent.ts';
import { CommandedProgram } from './commanded-program.ts';

export const ZONES = populatedZones().filter(({ node }) => node === 0).length;

/** A shell with a service that stalls on command. */
export class Shell extends CommandedProgram {
  constructor(service = 'shop') {
    super('sh', ['-c', 'while read -r file; do echo 1 >"$file"; echo done; done'], { OTEL_SERVICE_NAME: service });
  }

  stall = () => this.tell(COMPACT_NODE0);
}

export async function setUp(t: TestContext, args: readonly string[] = ['-o', 'json'], under: readonly string[] = []) {
  const agent = await new Agent(args, { under }).attached();
  t.after(() => agent.stop());
  const shell = new Shell();
  return { agent, shell, service: () => serviceOfNext(agent, shell) };
}

export const eventsOf = (agent: Agent, shell: Shell) => agent.events().filter(({ pid }) => pid === shell.pid);

/** The service of the shell's next stall. */
export async function serviceOfNext(agent: Agent, shell: Shell): Promise<unknown> {
  const before = eventsOf(agent, shell).length;
  await shell.stall();
  await agent.until(() => eventsOf(agent, shell).length === before + ZONES);
  return eventsOf(agent, shell)[before]!.resource!['service.name'];
}
