// SPDX-License-Identifier: Apache-2.0
import { VERSION } from '../../version.ts';
import type { DeliveryMessages } from './delivery-messages.ts';
import { hostResource } from './host-resource.ts';
import { readLimits } from './limits.ts';
import { RequestWriter } from './request-writer.ts';
import type { ResourceOf } from './resources.ts';
import { ResourcesByHost } from './resources-by-host.ts';
import { createSampler } from './sampler.ts';
import type { Settings } from './settings.ts';
import type { StackPlace } from './span-writer.ts';

interface RequestOptions {
  stack: StackPlace;
  resource: ResourceOf;
  env: NodeJS.ProcessEnv;
  settings: Settings;
  messages: DeliveryMessages;
}

/** Makes requests of events as the standard's variables ask, wherever the requests go. */
export async function openRequests({
  stack,
  resource,
  env,
  settings,
  messages,
}: RequestOptions): Promise<RequestWriter> {
  const limits = readLimits(env);
  const sampler = createSampler(settings.sampler);
  const host = await hostResource(env, settings.detectors);
  const scope = { name: 'compactstall', version: VERSION };
  const resources = new ResourcesByHost(resource, host, env, () => messages.tooManyServices());
  return new RequestWriter({ stack, limits, sampler, scope, resourceOf: (event) => resources.of(event) });
}
