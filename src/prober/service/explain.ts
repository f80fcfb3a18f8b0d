// SPDX-License-Identifier: Apache-2.0
import { readMaps } from '../../procfs/maps.ts';
import { attempt } from '../../procfs/proc-file.ts';
import { readStat } from '../../procfs/stat.ts';
import { type Explanation, unknownService } from '../protocol.ts';
import { contextsIn } from './context-mappings.ts';
import { threadContextSchema } from './context-payload.ts';
import { environmentOf, variable } from './environment.ts';
import { inheritedEnvironment } from './inherited-environment.ts';
import { languageOf } from './language.ts';
import { readContext } from './process-context.ts';
import { saidBy } from './said.ts';
import { serviceResource } from './service-resource.ts';

/** What is behind the service of a process. @returns undefined when it has ended, or is a kernel thread */
export function explain(pid: number, proc = '/proc'): Explanation | undefined {
  const folder = `${proc}/${pid}`;
  const stat = readStat(folder);
  if (stat === undefined || stat.isKernelThread) return undefined;
  const { by, attributes } = saidBy(folder, stat, () => inheritedEnvironment(pid, stat, proc));
  const isNamed = serviceResource(attributes, {})['service.name'] !== unknownService(undefined);
  const environment = environmentOf(folder, stat);
  const isThere = Buffer.isBuffer(environment);
  const value = (name: string) => (isThere ? variable(environment, name)?.trim() : undefined);
  return {
    namedBy: isNamed ? by : 'nothing',
    environment: isThere ? 'there' : environment,
    configFile: Boolean(value('OTEL_CONFIG_FILE')),
    forbidden: !/^(?:true|1)?$/i.test(value('DD_TRACE_OTEL_CTX_ENABLED') ?? ''),
    ...announcement(folder),
    ...languageOf(pid, proc),
  };
}

/** The addon of compactstall/register, which withdraws its process context when another library publishes one. */
const REGISTER = '/native/process-context/build/process_context.node';

/** Another library may publish one although there is one already. */
function announcement(folder: string): Pick<Explanation, 'announces'> {
  const mappings = attempt(() => readMaps(folder)) ?? [];
  const contexts = contextsIn(mappings).flatMap((at) => readContext(folder, [at]) ?? []);
  if (contexts.length === 0) return {};
  const announces = contexts.some(({ payload }) => threadContextSchema(payload) !== undefined);
  return { announces: announces || mappings.some(({ path }) => path.endsWith(REGISTER)) };
}
