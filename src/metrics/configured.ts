// SPDX-License-Identifier: Apache-2.0
import { exportersOf } from '../sinks/otlp/configured.ts';

/**
 * The exporters of metrics that the environment asks for; none unless it does. The command line calls this at every start, and loads the
 * rest only if there are any.
 */
export const metricExporters = (env: NodeJS.ProcessEnv): string[] => exportersOf('METRICS', env);
