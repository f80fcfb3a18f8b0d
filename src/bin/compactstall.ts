// SPDX-License-Identifier: Apache-2.0
import { requireNode } from '../node-version.ts';

requireNode('compactstall');
const { main } = await import('../cli/main.ts');
const { replay } = await import('../cli/replay.ts');
const { run } = await import('../cli/run.ts');

await main('compactstall', ([first, ...rest], messages) => {
  if (first === 'replay') return replay(rest, messages);
  if (first === 'summary') return import('../cli/summary.ts').then(({ summary }) => summary(rest, messages));
  if (first === 'report') return import('../cli/report-page.ts').then(({ reportPage }) => reportPage(rest, messages));
  if (first === 'correlate') return import('../cli/correlate.ts').then(({ correlate }) => correlate(rest, messages));
  if (first === 'config') return import('../cli/config.ts').then(({ config }) => config(rest));
  if (first === 'status') return import('../cli/status.ts').then(({ status }) => status(rest));
  if (first === 'spool') return import('../cli/spool.ts').then(({ spool }) => spool(rest, messages));
  if (first === 'unpin') return import('../cli/unpin.ts').then(({ unpin }) => unpin(rest, messages));
  // The doctor is imported only when it runs: a run starts sooner without it.
  if (first === 'doctor') return import('../cli/doctor.ts').then(({ doctor }) => doctor(rest));
  return run(first === 'run' ? rest : first === undefined ? [] : [first, ...rest], messages);
});
