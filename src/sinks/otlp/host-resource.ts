// SPDX-License-Identifier: Apache-2.0
import type { Resource, ResourceDetector } from '@opentelemetry/resources';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  osDetector,
  processDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { badSetting, firstSet, withEnvironment } from './environment.ts';

const DETECTORS: Record<string, ResourceDetector> = {
  host: hostDetector,
  os: osDetector,
  serviceinstance: serviceInstanceIdDetector,
  process: processDetector,
  env: envDetector,
};

/**
 * The SDK's default detectors without `process`: the agent's `process.pid` beside the stalled process's would mislead in
 * every backend that flattens resource and span attributes. OTEL_NODE_RESOURCE_DETECTORS can ask for it.
 */
const USUAL = ['host', 'os', 'serviceinstance', 'env'];
const ALWAYS = ['host', 'os'];

/** The host's resource: OTEL_SERVICE_NAME (default `compactstall`), OTEL_RESOURCE_ATTRIBUTES, `host.*` and `os.*`. */
export async function hostResource(env: NodeJS.ProcessEnv): Promise<Resource> {
  const detectors = detectorNames(env).map((name) => DETECTORS[name]!);
  const resource = withEnvironment(env, () =>
    defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'compactstall' }))
      .merge(detectResources({ detectors })),
  );
  // host.id comes from a file.
  await resource.waitForAsyncAttributes?.();
  return resource;
}

function detectorNames(env: NodeJS.ProcessEnv): string[] {
  const set = firstSet(env, 'OTEL_NODE_RESOURCE_DETECTORS');
  if (set === undefined) return USUAL;
  const names = set.value.split(',').map((name) => name.trim());
  if (names.includes('all')) return Object.keys(DETECTORS);
  const unknown = names.find((name) => name !== 'none' && !Object.hasOwn(DETECTORS, name));
  if (unknown !== undefined) {
    throw badSetting(set.name, set.value, `allowed are all, none, ${Object.keys(DETECTORS).join(', ')}`);
  }
  // Detectors merge in this order, and what the user sets comes last.
  const wanted = names.includes('none') ? ALWAYS : [...ALWAYS, ...names];
  return Object.keys(DETECTORS).filter((name) => wanted.includes(name));
}
