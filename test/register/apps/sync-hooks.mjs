// SPDX-License-Identifier: Apache-2.0
// The loader hooks of OpenTelemetry's instrumentation, in the application's thread.
const { register } = await import(process.env.SYNC_HOOKS);
register();
