// SPDX-License-Identifier: Apache-2.0
import type { Resource, ResourceDetector } from '@opentelemetry/resources';
import {
  defaultResource,
  detectResources,
  hostDetector,
  osDetector,
  processDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { withEnvironment } from './environment.ts';
import { readResourceAttributes } from './resource-attributes.ts';
import { withoutEmpty } from './resources.ts';
import type { DetectorName } from './settings.ts';

/** The host's resource: OTEL_SERVICE_NAME (default `compactstall`), OTEL_RESOURCE_ATTRIBUTES, `host.*` and `os.*`. */
export async function hostResource(env: NodeJS.ProcessEnv, names: readonly DetectorName[]): Promise<Resource> {
  const detectors: Record<DetectorName, ResourceDetector> = {
    host: hostDetector,
    os: osDetector,
    serviceinstance: serviceInstanceIdDetector,
    process: processDetector,
    // The stock one drops all attributes for one bad pair, without a word.
    env: { detect: () => ({ attributes: readResourceAttributes(env) }) },
  };
  const resource = withEnvironment(env, () =>
    defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'compactstall' }))
      .merge(detectResources({ detectors: names.map((name) => detectors[name]) })),
  );
  // host.id comes from a file.
  await resource.waitForAsyncAttributes?.();
  const { attributes, schemaUrl } = resource;
  // A container without a machine id has an empty host.id.
  return resourceFromAttributes(withoutEmpty(attributes), schemaUrl === undefined ? {} : { schemaUrl });
}
