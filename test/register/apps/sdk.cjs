// SPDX-License-Identifier: Apache-2.0
// An ordinary SDK, which discards its spans.
const { NodeSDK, startNodeSdk } = require('@opentelemetry/sdk-node');
const { AlwaysOffSampler, AlwaysOnSampler } = require('@opentelemetry/sdk-trace');

class Nowhere {
  onStart() {}
  onEnd() {}
  async forceFlush() {}
  async shutdown() {}
}

/** Spans with this name are not sampled. */
const sampler = {
  on: new AlwaysOnSampler(),
  off: new AlwaysOffSampler(),
  shouldSample(context, traceId, name, ...rest) {
    return this[name === 'unsampled' ? 'off' : 'on'].shouldSample(context, traceId, name, ...rest);
  },
};

const options = { spanProcessors: [new Nowhere()], instrumentations: [], sampler };
if (process.env.START === 'startNodeSdk') startNodeSdk({ ...options, resource: undefined });
else new NodeSDK({ ...options, serviceName: 'shop' }).start();
