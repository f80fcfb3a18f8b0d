// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { systemWords } from '../../errors.ts';
import { badSetting, firstSet } from './environment.ts';
import type { Protocol } from './settings.ts';

const DEFAULTS: Record<Protocol, string> = {
  grpc: 'http://localhost:4317',
  'http/protobuf': 'http://localhost:4318',
};

/**
 * The endpoint, for messages; the exporters read the variables themselves. Checks the endpoint and the files that the
 * environment names: the exporters would only log an error, and send elsewhere or without the certificate.
 */
export function readEndpoint(env: NodeJS.ProcessEnv, protocol: Protocol): string {
  const set = firstSet(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT');
  if (set !== undefined) (protocol === 'grpc' ? checkGrpc : checkHttp)(set.name, set.value);
  for (const file of ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY']) checkFile(env, file);
  return withoutSecrets(set?.value ?? DEFAULTS[protocol]);
}

function checkGrpc(name: string, value: string): void {
  const allowed = 'must be http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix:///PATH';
  const scheme = /^(\w+):\/\//.exec(value)?.[1];
  if (scheme !== undefined && !['http', 'https', 'unix'].includes(scheme)) throw badSetting(name, value, allowed);
  const url = URL.parse(scheme === undefined ? `https://${value}` : value);
  if (url === null || (scheme !== 'unix' && url.hostname === '')) throw badSetting(name, value, allowed);
}

function checkHttp(name: string, value: string): void {
  const url = URL.parse(value);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return;
  throw badSetting(name, value, 'must be http://HOST:PORT or https://HOST:PORT for http/protobuf');
}

function checkFile(env: NodeJS.ProcessEnv, what: string): void {
  const set = firstSet(env, `OTEL_EXPORTER_OTLP_TRACES_${what}`, `OTEL_EXPORTER_OTLP_${what}`);
  if (set === undefined) return;
  try {
    accessSync(set.value, constants.R_OK);
  } catch (error) {
    throw badSetting(set.name, set.value, `cannot be read (${systemWords(error)}); name a readable PEM file`);
  }
}

/** Removes a user name and password from the URL. */
function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//');
}
