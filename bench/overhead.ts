// SPDX-License-Identifier: Apache-2.0
/**
 * The cost of the agent, as tables. Needs root and the built agent (./setup.sh all). The parts about this host take about
 * nine minutes together, the two in emulated machines ten minutes each.
 *
 *   node bench/overhead.ts              prints the tables
 *   node bench/overhead.ts bpf plans    prints these only
 *   node bench/overhead.ts --write      also puts them into docs/overhead.md, those of forms into docs/deploy.md, that of scale into docs/scale.md
 *   node bench/overhead.ts versus REV   compares this tree with another revision (versus.ts)
 *
 * It has no limits to fail on: a figure depends on the machine and its other load.
 */
import { measureBpf } from './bpf.ts';
import { measureBurst } from './burst.ts';
import { measureContexts } from './contexts.ts';
import { measureExport } from './export.ts';
import { measureArm64Forms, measureForms } from './forms.ts';
import { measureIdle } from './idle.ts';
import { measureLivePage } from './live-page.ts';
import { measureMemory } from './memory.ts';
import { hostConditions, type Row, rowsTable, writeDocument } from './report.ts';
import { measureScale } from './scale/scale.ts';
import { leaveHostAsFound, stolenShare } from './session.ts';
import { measureSpans } from './spans.ts';
import { measureSpool } from './spool.ts';
import { measureStacks } from './stacks.ts';
import { measureStart } from './start.ts';
import { measureStarts } from './starts.ts';
import { versus } from './versus.ts';
import { compareWithBcc } from './vm/bcc.ts';
import { comparePlans } from './vm/plans.ts';

/** The parts that run on this host. */
const host = (measure: (folder: string) => Promise<string>) => async (folder: string) => {
  const stolen = stolenShare();
  const text = await measure(folder);
  return `${hostConditions(stolen())}\n\n${text}`;
};
const hostRows = (measure: (folder: string) => Promise<Row[]>) =>
  host(async (folder) => rowsTable(await measure(folder)));

const PARTS: Record<string, (folder: string) => Promise<string>> = {
  bpf: hostRows(measureBpf),
  stacks: host(measureStacks),
  burst: host(measureBurst),
  contexts: host(measureContexts),
  start: hostRows(measureStart),
  idle: hostRows(measureIdle),
  starts: hostRows(measureStarts),
  export: hostRows(measureExport),
  spans: hostRows(measureSpans),
  spool: hostRows(measureSpool),
  live: hostRows(measureLivePage),
  memory: host(measureMemory),
  scale: host(measureScale),
  forms: host(measureForms),
  'forms-arm64': host(measureArm64Forms),
  bcc: compareWithBcc,
  plans: comparePlans,
};

const write = process.argv.includes('--write');
const [first, ...rest] = process.argv.slice(2).filter((word) => word !== '--write');
const chosen = first === undefined || first === 'versus' ? [] : [first, ...rest];
// A comparison has no place in the document.
if (chosen.some((name) => !Object.hasOwn(PARTS, name)) || (write && first === 'versus')) {
  console.error(`Usage: node bench/overhead.ts [--write] [${Object.keys(PARTS).join('|')} ...]`);
  console.error('       node bench/overhead.ts versus [REVISION [PART ...]]');
  process.exit(2);
}
if (process.getuid!() !== 0) {
  console.error('This measures the agent on the running kernel, which needs root.');
  process.exit(3);
}

const folder = leaveHostAsFound();
const parts: typeof PARTS = first === 'versus' ? { versus: host((folder) => versus(folder, rest)) } : PARTS;
for (const [name, measure] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`measuring: ${name}`);
  const text = await measure(folder);
  console.log(`\n${text}`);
  if (write) writeDocument(name, text);
}
