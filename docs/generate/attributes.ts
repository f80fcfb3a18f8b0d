// SPDX-License-Identifier: Apache-2.0
import {
  SPAN_ATTRIBUTES,
  SPAN_NAME_PREFIX,
  type SpanAttribute,
  STACK_ATTRIBUTE,
  STACK_EVENT,
} from '../../src/sinks/otlp/attributes.ts';
import { IDLE_S, MAX_RESOURCES } from '../../src/sinks/otlp/resources.ts';
import { DEFAULT_DELAY_MS, DEFAULT_QUEUE } from '../../src/sinks/otlp/settings.ts';
import { VALUES, type ValueTable } from './values.ts';

/** docs/attributes.md. Made from the table that makes the spans, so that the two cannot differ. */
export function attributesDoc(): string {
  const own = SPAN_ATTRIBUTES.filter(({ semconv }) => !semconv);
  const standard = SPAN_ATTRIBUTES.filter(({ semconv }) => semconv);
  return [
    '<!-- Made by src/sinks/otlp/write-attributes-doc.ts; change src/sinks/otlp/attributes.ts instead. -->',
    '# What a span says',
    '',
    'One span is one memory compaction of one zone.',
    '',
    `Name: ${code(`${SPAN_NAME_PREFIX} direct`)}, ${code(`${SPAN_NAME_PREFIX} kcompactd`)}, ` +
      `${code(`${SPAN_NAME_PREFIX} proactive`)} or ${code(`${SPAN_NAME_PREFIX} manual`)}. Kind: INTERNAL. The span's status`,
    'is left unset: a compaction that makes no block is an answer of the kernel, not an error of a program; read',
    '`compaction.status`. Start and end are the kernel’s, to the nanosecond.',
    '',
    '## Attributes of its own',
    '',
    table(own),
    '',
    '## Attributes from the semantic conventions',
    '',
    table(standard),
    '',
    'Types are exact on the wire: an `int` always comes as an int, a `double` as a double, also when its value is integral',
    '(-1, 0, 1). `{page}` and `{block}` count; a page is 4 KiB on x86-64.',
    '',
    '## The kernel stack',
    '',
    `The span event ${code(STACK_EVENT)}, at the span's end, which is when the stack is taken, with the attribute`,
    `${code(STACK_ATTRIBUTE)}: one \`symbol+0xoffset [module]\` a line, innermost first. \`--stack attribute\` puts`,
    `${code(STACK_ATTRIBUTE)} on the span instead, \`--stack both\` on both, \`--stack none\` on none; without a stack there is`,
    'neither. OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT cuts it like every string.',
    '',
    ...VALUES.flatMap(valuesOf),
    '## The resource',
    '',
    'A span has the resource of the **stalled process’s service**. What is known of it comes from, in this order:',
    '',
    '1. the resource that the process publishes as its process context (OTEP 4719);',
    '2. OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME in the environment that its program was started with;',
    '3. its executable: `service.name` is then `unknown_service:` and its name, as the conventions have it. That also names a',
    '   service of 1 and 2 that has no `service.name`.',
    '',
    '| attribute | from |',
    '| --- | --- |',
    '| `service.name` | always there, as above |',
    '| everything of 1 or 2 | strings, numbers, booleans, lists of these; at most 64 attributes, 1024 characters each, 8192 in all |',
    '| `container.id` | the process’s cgroup, version 1 or 2, unless the process says it (Docker, containerd, CRI-O, podman), where its id is 64 hexadecimal digits. An agent in a container with a cgroup namespace of its own sees that of others, but none of processes of its own container. The Collector’s k8sattributes processor turns it into names of pods |',
    '| `host.*`, `os.*` | this host, whatever the process says: a container’s `host.name` is its own |',
    '| `cloud.*`, `k8s.node.*`, `k8s.cluster.*` | the agent’s OTEL_RESOURCE_ATTRIBUTES, unless the process says it |',
    '',
    'A service’s own `process.*` (but `process.runtime.*`) is left out: the spans say it, and all processes of a service share',
    'its resource. Equal resources are one ResourceSpans in a request.',
    '',
    '**The host’s resource** have the spans of kernel threads, all spans with `--resource host`, and those of an agent that does not',
    'see the host’s processes (a PID namespace of its own). It is the agent’s: `service.name` is OTEL_SERVICE_NAME, else',
    '`compactstall`; `host.name`, `host.id`, `host.arch`, `os.type` and `os.version` are always there,',
    '`service.instance.id` differs from run to run, and OTEL_RESOURCE_ATTRIBUTES adds to them. The agent’s own `process.*` is left',
    'out, because `process.pid` is the stalled process’s; OTEL_NODE_RESOURCE_DETECTORS=all brings it back.',
    '',
    'When it is known, and when not:',
    '',
    '- To look into a process of another user takes CAP_SYS_PTRACE, which root has. Without it `service.name` is `unknown_service:`',
    '  and the name of its main thread; `container.id` is known all the same.',
    '- A process is looked up when its first stall is read, up to 50 ms later, and checked again with each batch of stalls: an exec',
    '  or another process with its pid is noticed at once, a context that is published, for the first time or anew, at once where publications',
    '  are heard ([contexts.md](contexts.md#when-a-process-is-known)). Otherwise a new one is known within a second of stalling, and a',
    '  *first* one is searched for after 1, 3, 7, ... seconds, later every minute.',
    '- A process that has gone by then keeps its service if it was known and there a second before. Otherwise its main thread’s',
    '  name stands for its executable (`unknown_service:sh`), and for other threads there is `unknown_service`: names of threads',
    '  are no services. A main thread whose name was another when it stalled is taken for a program that has gone.',
    '- A process that makes those wait who look into it, as when a thread that stalls for seconds has its memory map locked, is not',
    '  looked into for a minute. It keeps the service that is known of it; one that is not known yet has the name of its main thread.',
    '- Of names set in code (and not published) nothing can be known.',
    `- Beyond ${MAX_RESOURCES} resources that stalled within ${IDLE_S / 60} minutes further ones get the host’s, which is said.`,
    '',
    '## The variables',
    '',
    'OTEL_* variables mean what they mean to the OpenTelemetry SDK for JavaScript; test/backends/conformance.test.ts',
    'compares the two. On purpose it is otherwise here in this:',
    '',
    '- The protocol is gRPC unless OTEL_EXPORTER_OTLP_PROTOCOL says `http/protobuf`; `http/json` is not spoken.',
    '- A value that cannot be used ends the agent with a sentence, where the SDK takes its default; limits and timeouts',
    '  that cannot be used are said and ignored, as there.',
    `- OTEL_BSP_MAX_QUEUE_SIZE is ${DEFAULT_QUEUE} by default, OTEL_BSP_SCHEDULE_DELAY ${DEFAULT_DELAY_MS} ms. A request that failed is tried again.`,
    '- OTEL_NODE_RESOURCE_DETECTORS cannot take `host.*` and `os.*` away, and OTEL_RESOURCE_ATTRIBUTES comes last in any order.',
    '- A double whose value is integral stays a double; the SDK sends it as an int.',
    '',
  ].join('\n');
}

function table(attributes: readonly SpanAttribute[]): string {
  const rows = attributes.map(({ name, type, unit, meaning, example, absent }) => {
    const text = absent === undefined ? meaning : `${meaning} Absent ${absent}.`;
    return row(code(name), type, unit === undefined ? '' : code(unit), text, code(example));
  });
  return [row('name', 'type', 'unit', 'meaning', 'example'), row('---', '---', '---', '---', '---'), ...rows].join(
    '\n',
  );
}

function valuesOf({ title, before, rows }: ValueTable): string[] {
  const lines = rows.map(([value, meaning]) => row(code(value), meaning));
  return [`## ${title}`, '', before, '', row('value', 'meaning'), row('---', '---'), ...lines, ''];
}

/** A bar inside a cell would end it. */
const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const code = (text: string) => `\`${text}\``;
