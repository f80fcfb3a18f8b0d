// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSnoopOptions } from '../../src/cli/compactsnoop-options.ts';
import {
  DOCTOR_OPTIONS,
  REPLAY_OPTIONS,
  RUN_OPTIONS,
  STATUS_OPTIONS,
  SUMMARY_OPTIONS,
  selectionOf,
} from '../../src/cli/compactstall-options.ts';
import { type Option, parseOptions, withDefaults } from '../../src/cli/options.ts';
import { parseDuration } from '../../src/durations.ts';
import { EXIT, UserError } from '../../src/errors.ts';
import { anyText, mutatedText } from './arbitraries.ts';
import { LARGE, property, refusing } from './property.ts';

/** A usage error: exit code 2, and a sentence. */
const isOwn = (error: Error) =>
  error instanceof UserError && error.exitCode === EXIT.USAGE && error.message.length > 10;

const COMMANDS: readonly (readonly Option[])[] = [
  RUN_OPTIONS,
  REPLAY_OPTIONS,
  SUMMARY_OPTIONS,
  STATUS_OPTIONS,
  DOCTOR_OPTIONS,
];

/** Arguments that some option takes. */
const TAKEN = [
  '1',
  '10',
  '0.5',
  '100us',
  '10ms',
  '1s',
  '50%',
  'off',
  'direct,manual',
  'kprobe',
  'json:file',
  'table',
  '16M',
  '100K',
  'nobody',
  '0:0',
  '/proc',
  '/dev/null',
  'child',
  'both',
];
const argument = fc.oneof(fc.constantFrom(...TAKEN), mutatedText(fc.constantFrom(...TAKEN)), anyText(30));

const args = (options: readonly Option[]) =>
  fc
    .array(
      fc.oneof(
        fc
          .tuple(fc.constantFrom(...options), argument)
          .map(([{ name, argument: takes }, text]) => (takes ? [`--${name}=${text}`] : [`--${name}`])),
        fc
          .tuple(fc.constantFrom(...options), argument)
          .map(([{ name, short }, text]) => [short ? `-${short}` : `--${name}`, text]),
        argument.map((text) => [text]),
        fc.constantFrom(['--'], ['-'], ['--='], ['--no-help'], ['--help=1'], ['--__proto__=1'], ['--constructor']),
      ),
      { maxLength: 5 },
    )
    .map((all) => all.flat());

property(
  'options: values of their kinds, or a usage error',
  fc.constantFrom(...COMMANDS).chain((options) => fc.tuple(fc.constant(options), args(options))),
  ([options, all]) => {
    const parsed = refusing(() => parseOptions('compactstall', options, all), isOwn);
    if (parsed === undefined) return;
    for (const [name, value] of Object.entries<unknown>(parsed.values)) {
      const option = options.find((one) => one.name === name);
      assert.ok(option !== undefined, name);
      for (const one of option.repeatable ? (value as unknown[]) : [value]) {
        if (typeof one === 'number') assert.ok(Number.isFinite(one) && one >= 0, `${name} ${one}`);
        if (option.argument === undefined) assert.equal(one, true);
      }
    }
    assert.equal(Object.keys(withDefaults(options, parsed.values)).length >= Object.keys(parsed.values).length, true);
    selectionOf(parsed.values);
  },
  LARGE,
);

property(
  'compactsnoop: options, or a usage error',
  fc.array(fc.oneof(argument, fc.constantFrom('-T', '-p', '-d', '-K', '-e', '-h', '-TKe')), { maxLength: 5 }),
  (all) => {
    refusing(() => parseSnoopOptions(all), isOwn);
  },
);

property(
  'a duration is as long as it says',
  fc.tuple(fc.nat(9_000_000), fc.constantFrom(['ns', 1], ['us', 1e3], ['ms', 1e6], ['s', 1e9] as const)),
  ([number, [unit, ns]]) => {
    assert.equal(parseDuration(`${number}${unit}`, '--min-duration'), number * Number(ns));
  },
);

property('any text as a duration', argument, (text) => {
  const ns = refusing(() => parseDuration(text, '--min-duration'), isOwn);
  assert.ok(ns === undefined || (Number.isSafeInteger(ns) && ns >= 0));
});
