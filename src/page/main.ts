// SPDX-License-Identifier: Apache-2.0
/** The page: of a report, whose data is in it, or of a running agent, which it asks. */
import type { ReportData } from '../report/data.ts';
import { printable } from '../terminal.ts';
import { body } from './body.ts';
import { head } from './head.ts';
import { showLive } from './live.ts';
import { View } from './view.ts';

const data: ReportData | null = JSON.parse(document.getElementById('data')!.textContent);
if (data === null) showLive();
else {
  const view = new View(data);
  const { filters, main } = body(view);
  document.title = printable(`${data.recording} · compactstall`);
  document.body.append(head(data).element, filters, main);
}
