// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type Configuration, readConfiguration } from '../../../src/configuration/read.ts';
import type { FileErrors } from '../../../src/errors.ts';
import { temporaryFolder } from '../fixtures.ts';

type Model = Record<string, unknown>;

/** The file of a model: YAML has JSON. */
export const fileOf = (model: Model): string => JSON.stringify({ file_format: '1.0', ...model }, null, 1);

/** Reads a file with this text. */
export async function read(t: TestContext, text: string, env: NodeJS.ProcessEnv = {}): Promise<Configuration> {
  const file = temporaryFolder(t)('agent.yaml');
  writeFileSync(file, text);
  return readConfiguration(file, '--config', env);
}

/** The messages with which a file is refused, each with `LINE:COLUMN: ` before it. */
export async function refusal(t: TestContext, text: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  try {
    await read(t, text, env);
  } catch (error) {
    return (error as FileErrors).sentences.map((sentence) => sentence.replace(/^.*?agent\.yaml:(?=\d)/, ''));
  }
  return [];
}
