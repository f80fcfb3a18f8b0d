// SPDX-License-Identifier: Apache-2.0
/**
 * What the agent costs this host, as a table. Needs root and the built agent (./setup.sh test); takes about three minutes.
 *
 *   node test/bench/overhead.ts            prints the table
 *   node test/bench/overhead.ts --write    and puts it into docs/overhead.md
 *
 * It judges nothing: a figure depends on the machine and on what else runs there.
 */
import { measureBpf } from './bpf.ts';
import { measureExport } from './export.ts';
import { measureIdle } from './idle.ts';
import { conditions, type Row, table, writeDocument } from './report.ts';
import { leaveHostAsFound, stolenShare } from './session.ts';
import { measureStart } from './start.ts';

const MEASUREMENTS = { bpf: measureBpf, start: measureStart, idle: measureIdle, export: measureExport };

const write = process.argv.includes('--write');
const chosen = process.argv.slice(2).filter((word) => word !== '--write');
const unknown = chosen.find((name) => !Object.hasOwn(MEASUREMENTS, name));
if (unknown || (write && chosen.length > 0)) {
  console.error('Usage: node test/bench/overhead.ts [--write | bpf|start|idle|export ...]');
  process.exit(2);
}
if (process.getuid!() !== 0) {
  console.error('This measures the agent on the running kernel, which needs root.');
  process.exit(3);
}

const folder = leaveHostAsFound();
const stolen = stolenShare();
const rows: Row[] = [];
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`measuring: ${name}`);
  rows.push(...(await measure(folder)));
}
const text = `${conditions(stolen())}\n\n${table(rows)}`;
console.log(text);
if (write) writeDocument(text);
