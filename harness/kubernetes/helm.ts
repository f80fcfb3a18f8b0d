// SPDX-License-Identifier: Apache-2.0
/** Helm, and the judgement of Kubernetes' API about what it renders. Both are built or fetched when missing (build.sh). */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ErrorObject } from 'ajv';
import { parseAllDocuments } from 'yaml';

const BUILD = fileURLToPath(new URL('build.sh', import.meta.url));

/** An object of Kubernetes, as a manifest has it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the schema says what is in it.
  [field: string]: any;
}

export interface Helm {
  /** Runs helm to its end. */
  run(args: readonly string[]): { status: number | null; stdout: string; stderr: string };
  /** The command that adds the profile `RuntimeDefault`, containerd's, to a runtime specification. */
  seccomp: string;
  /** What the API of Kubernetes would refuse in an object: unknown fields, wrong types, missing fields. */
  errorsOf(manifest: Manifest): readonly ErrorObject[];
}

export function ensureHelm(): Helm {
  const printed = execFileSync(BUILD, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const { helm, seccomp, openapi } = Object.fromEntries(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  );
  return {
    run: (args) => spawnSync(helm, args, { encoding: 'utf8' }),
    seccomp,
    errorsOf: (manifest) => judge(openapi, manifest),
  };
}

export const manifestsOf = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);

/** The parts of Kubernetes' OpenAPI, one for each group and version. */
const FILES: Readonly<Record<string, string>> = { v1: 'api__v1', 'apps/v1': 'apis__apps__v1' };

function judge(openapi: string, { apiVersion, kind, ...rest }: Manifest): readonly ErrorObject[] {
  const { components } = JSON.parse(readFileSync(`${openapi}/${FILES[apiVersion]}_openapi.json`, 'utf8'));
  // The API server refuses unknown fields (kubectl asks for that); the published schema does not say so.
  for (const schema of Object.values<{ properties?: object; additionalProperties?: boolean }>(components.schemas)) {
    if (schema.properties) schema.additionalProperties = false;
  }
  const group = apiVersion.includes('/') ? apiVersion.replace('/', '.') : `core.${apiVersion}`;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ components }, 'kubernetes');
  const validate = ajv.compile({ $ref: `kubernetes#/components/schemas/io.k8s.api.${group}.${kind}` });
  validate({ apiVersion, kind, ...rest });
  return validate.errors ?? [];
}
