// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import type { Level } from '../messages/entry.ts';
import { type InForce, withDefaults } from './options.ts';
import { parseChoice } from './values.ts';

/** From the most to the least severe. */
const LEVELS: readonly Level[] = ['error', 'warn', 'info', 'debug'];
const FORMATS = ['text', 'json'] as const;

/** How messages are printed. */
export interface LogSettings {
  format: (typeof FORMATS)[number];
  /** The least severe ones that are printed. */
  level: Level;
}

export const LOG_OPTIONS = [
  {
    name: 'log-format',
    argument: 'FORM',
    help: 'the form of messages on stderr: text (the default), or json, one object a line',
    default: 'text',
    parse: parseChoice(FORMATS),
  },
  {
    name: 'log-level',
    argument: 'LEVEL',
    help: 'the least severe messages to print: error, warn, info (the default) or debug',
    without: 'info',
    parse: parseChoice(LEVELS),
  },
  {
    name: 'verbose',
    short: 'v',
    help: 'the same as --log-level debug: loader and verifier messages, run-time statistics',
  },
] as const;

export const logSettings = (values: InForce<typeof LOG_OPTIONS>): LogSettings => ({
  format: values['log-format'],
  level: values['log-level'] ?? (values.verbose ? 'debug' : 'info'),
});

/** The same of arguments that may be wrong, for the message that says so. */
export function logSettingsIn(args: string[]): LogSettings {
  const { values } = parseArgs({
    args,
    options: {
      'log-format': { type: 'string' },
      'log-level': { type: 'string' },
      verbose: { type: 'boolean', short: 'v' },
    },
    strict: false,
  });
  const format = FORMATS.find((known) => known === values['log-format']);
  const level = LEVELS.find((known) => known === values['log-level']);
  const valid = {
    ...(format && { 'log-format': format }),
    ...(level && { 'log-level': level }),
    ...(values.verbose && { verbose: true }),
  };
  return logSettings(withDefaults(LOG_OPTIONS, valid));
}

/** Whether a message is as severe as that level, or more. */
export const isAtLeast = (level: Level, least: Level): boolean => LEVELS.indexOf(level) <= LEVELS.indexOf(least);
