// SPDX-License-Identifier: Apache-2.0
import { CannotHonour, type Row } from './row.ts';

const SAMPLER = 'tracer_provider.sampler';
const VARIABLES = ['OTEL_TRACES_SAMPLER', 'OTEL_TRACES_SAMPLER_ARG'];

type Model = Readonly<Record<string, unknown>>;

/** What the standard's sampler does with the children of a parent; the agent's does the same, and nothing else. */
const OF_PARENTS: Readonly<Record<string, string>> = {
  remote_parent_sampled: 'always_on',
  remote_parent_not_sampled: 'always_off',
  local_parent_sampled: 'always_on',
  local_parent_not_sampled: 'always_off',
};

export const SAMPLER_ROWS: readonly Row[] = [
  simple('always_on'),
  simple('always_off'),
  simple('trace_id_ratio_based'),
  {
    path: `${SAMPLER}.parent_based`,
    kind: 'honoured',
    variables: VARIABLES,
    note: 'the parent is followed as by default; `root` is one of the three above',
    presence: true,
    translate: (value) => parentBased((value ?? {}) as Model),
  },
  refused('composite/development'),
  refused('jaeger_remote/development'),
  refused('probability/development'),
];

function simple(name: string): Row {
  return {
    path: `${SAMPLER}.${name}`,
    kind: 'honoured',
    variables: name === 'trace_id_ratio_based' ? VARIABLES : VARIABLES.slice(0, 1),
    presence: true,
    translate: (value) => sampler({ [name]: value }),
  };
}

function refused(name: string): Row {
  const why = 'use always_on, always_off, trace_id_ratio_based or parent_based';
  return { path: `${SAMPLER}.${name}`, kind: 'refused', why, presence: true };
}

function sampler(model: Model, prefix = ''): Record<string, string> {
  const [name = 'always_on'] = Object.keys(model);
  if (name === 'always_on' || name === 'always_off') return { OTEL_TRACES_SAMPLER: `${prefix}${name}` };
  if (name !== 'trace_id_ratio_based') throw new CannotHonour(`its root cannot be ${name}; use trace_id_ratio_based`);
  const { ratio } = (model[name] ?? {}) as { ratio?: number | null };
  return { OTEL_TRACES_SAMPLER: `${prefix}traceidratio`, OTEL_TRACES_SAMPLER_ARG: String(ratio ?? 1) };
}

function parentBased(model: Model): Record<string, string> {
  for (const [key, usual] of Object.entries(OF_PARENTS)) {
    const [given = usual] = Object.keys(model[key] ?? {});
    if (given !== usual) throw new CannotHonour(`${key} is always ${usual}; leave it out`);
  }
  return sampler((model.root ?? {}) as Model, 'parentbased_');
}
