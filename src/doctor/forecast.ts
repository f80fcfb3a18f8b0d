// SPDX-License-Identifier: Apache-2.0
import { relationOf } from '../event/relation.ts';
import { foreignMemoryClosed, NO_FOREIGN_MEMORY } from '../host/ptrace-scope.ts';
import { type Explanation, type Language, type Located, type ProcessFacts, placesIn } from '../prober/protocol.ts';
import { REASONS } from '../prober/thread-context/reason.ts';
import { type Finding, ok, warn } from './check.ts';
import { type Tracer, tracerOf } from './tracers.ts';

const RIGHTS = 'Run the doctor with the rights that compactstall run has, such as with sudo.';
const MORE = 'docs/contexts.md has what works for which language and tracer.';
const ALWAYS = 'If its spans are exported, --context child-always makes such stalls children.';
/** Before this version of Python a library is not told that asyncio switches to another task. */
const ASYNCIO_SINCE = 14;

/** What publishes the spans of a language, as far as it was tried. */
const PUBLISHERS: Record<Language, string> = {
  dotnet: 'No tracer for .NET is known to publish spans.',
  erlang: 'No tracer for Erlang is known to publish spans.',
  go: 'No tracer for Go is known to publish spans.',
  java: "Datadog's agent for Java publishes spans with -Ddd.profiling.enabled=true.",
  nodejs:
    "With OpenTelemetry's SDK: node --import compactstall/register. With dd-trace: DD_TRACE_OTEL_CTX_ENABLED=true.",
  php: 'No tracer for PHP is known to publish spans.',
  python: 'ddtrace publishes spans by itself, unless DD_TRACE_OTEL_CTX_ENABLED is false.',
  ruby: 'No tracer for Ruby is known to publish spans.',
};

/** What the prober found out about a process. */
export interface Probed {
  facts: ProcessFacts;
  located: Located | undefined;
  explanation: Explanation | undefined;
}

/** How the stalls of a process will relate to its spans, and why. `--context` is taken to be `child`. */
export function forecast({ facts, located, explanation }: Probed): Finding {
  if (located === undefined)
    return warn('It is not known whether it publishes spans: the prober did not answer.', 'Try again.');
  if ('reason' in located) {
    const { reason } = located;
    if (reason === 'no_permission' && foreignMemoryClosed()) {
      return warn(`It is not known whether it publishes spans: ${NO_FOREIGN_MEMORY.why}`, NO_FOREIGN_MEMORY.todo);
    }
    if (reason === 'no_permission')
      return warn(`It is not known whether it publishes spans: ${REASONS[reason]}.`, RIGHTS);
    return roots(REASONS[reason], explanation);
  }
  if (explanation?.announces === false) {
    return roots('one of its files has a place for spans, but it does not announce that it uses it', explanation);
  }
  const places = placesIn(located.publisher);
  // The resource of one publisher says nothing of the others.
  const tracer = places > 1 ? undefined : tracerOf(facts.resource ?? {});
  if (tracer && explanation?.forbidden) return roots('DD_TRACE_OTEL_CTX_ENABLED is not true', explanation);
  const asyncio = asyncioWarning(tracer, explanation);
  const why = [related(tracer), 'Other stalls are roots.', ...copies(places), ...asyncio].join(' ');
  return tracer ? warn(why, ALWAYS) : ok(why);
}

/** The sentence for the relations that the trace flags of this tracer can lead to. */
function related(tracer: Tracer | undefined): string {
  if (tracer === undefined) {
    return 'A stall in a span is its child if the trace flags say that it is sampled, or else linked to it.';
  }
  const { name, flags, why } = tracer;
  const relations = new Set(flags.map((one) => relationOf({ source: 'thread', flags: one }, 'child')));
  if (!relations.has('child')) return `A stall in a span is always linked to it: ${why}.`;
  return `A stall in a span is linked to it until ${name} has decided to sample it, and then its child: ${why}.`;
}

function roots(why: string, explanation: Explanation | undefined): Finding {
  const { language } = explanation ?? {};
  const todo = language && PUBLISHERS[language];
  return warn(
    `Its stalls are roots, unless OpenTelemetry eBPF Instrumentation knows their span: ${why}.`,
    todo === undefined ? MORE : `${todo} ${MORE}`,
  );
}

const copies = (places: number): string[] =>
  places > 1 ? [`It has ${places} places for spans; the first that holds a valid one counts.`] : [];

function asyncioWarning(tracer: Tracer | undefined, explanation: Explanation | undefined): string[] {
  const { language, version } = explanation ?? {};
  if (tracer === undefined || language !== 'python' || version === undefined) return [];
  const [major, minor] = version.split('.').map(Number) as [number, number];
  if (major > 3 || minor >= ASYNCIO_SINCE) return [];
  const since = `3.${ASYNCIO_SINCE}`;
  return [
    `In asyncio a stall may be linked to another task's span, or to none: ${tracer.name} follows tasks from Python ${since} on, and this is ${version}.`,
  ];
}

/** Where the name of the service comes from. */
export function namedBy(explanation: Explanation | undefined): string {
  if (explanation === undefined) return '';
  const { namedBy, environment, configFile } = explanation;
  const file = configFile
    ? '; OTEL_CONFIG_FILE is set, and an SDK that follows it takes the service from that file instead'
    : '';
  if (namedBy === 'process_context') return ' (from its process context)';
  if (namedBy === 'environment' && environment !== 'there')
    return ' (from the environment of the process that it was forked from)';
  if (namedBy === 'environment') return ` (from its environment${file})`;
  if (environment === 'overwritten') {
    return ' (it has overwritten its environment, as programs do that change their title)';
  }
  if (environment === 'unread') return ' (its environment cannot be read now)';
  return ` (neither a process context nor its environment names one${file})`;
}
