// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { booksReport } from '../event/books-report.ts';
import type { CompactionEvent } from '../event/event.ts';
import type { Pipeline } from '../event/pipeline.ts';
import { thisHost } from '../event/this-host.ts';
import { isReachable } from '../host/reachable.ts';
import type { UserIds } from '../host/users.ts';
import type { Address } from '../http-server.ts';
import type { LiveSource } from '../live/live-source.ts';
import type { LivePage } from '../live-page/server.ts';
import { message } from '../messages/message.ts';
import type { SinkSettings } from '../sinks/create.ts';
import type { BatchFormat } from '../sinks/text/text-sink.ts';
import { VERSION } from '../version.ts';
import { FILTER_OPTIONS } from './compactstall-options.ts';
import type { FileOption } from './file-options.ts';

/** Loaded only when it is wanted. @param owner who the agent becomes, if it changes its user */
export async function openLivePage(
  address: Address | undefined,
  owner: UserIds | undefined,
): Promise<LivePage | undefined> {
  if (address === undefined) return undefined;
  const { LivePage } = await import('../live-page/server.ts');
  const page = await LivePage.open(address);
  // In a home folder, files of the package are often closed to that user.
  if (owner && !isReachable(dirname(fileURLToPath(import.meta.url)), owner)) await loadSpans();
  return page;
}

/** Takes 30 MB and 0.1 s. */
const loadSpans = () => import('../sinks/otlp/json-lines.ts');

/** The filters of a run, as options. */
export const filtersOf = (texts: ReadonlyMap<string, string[]>, inFile: ReadonlyMap<string, FileOption>): string[] =>
  FILTER_OPTIONS.flatMap(({ name }) => {
    const written = inFile.get(name)?.written;
    return (texts.get(name) ?? (written === undefined ? [] : [written])).map((text) => `--${name} ${text}`);
  });

/** Lets the page show a run. @param settings of what an output of spans would write @param traceUrl of `--trace-url` */
export function showRun(
  page: LivePage,
  source: LiveSource,
  pipeline: Pipeline,
  filters: string[],
  settings: SinkSettings,
  traceUrl?: string,
): void {
  page.start({
    ...(traceUrl !== undefined && { traceUrl }),
    spans: spansAs(settings),
    version: VERSION,
    host: thisHost(settings.environments[0]!).name ?? hostname(),
    filters,
    sinceUnixNano: source.counting.sinceUnixNano,
    books: () => booksReport(source.state().books, pipeline.books(), false),
    aggregates: () => source.readAggregates(),
  });
}

/** Spans as lines of OTLP/JSON. Its libraries are loaded when somebody exports, or before where they could not be then. */
function spansAs({ stack, resource, environments, warn }: SinkSettings) {
  let format: BatchFormat | undefined;
  return async (events: readonly CompactionEvent[]) => {
    if (!format) {
      const { otlpJsonLines } = await loadSpans();
      format = await otlpJsonLines({ name: 'the page', stack, resource, warn, env: environments[0]! });
    }
    return format(events).texts.join('');
  };
}

/** How to get the page, as the user has started it. */
export const livePageHint = () =>
  message('live_page_hint', {
    command: process.env.npm_lifecycle_event === 'start' ? 'npm start -- --live' : 'compactstall --live',
  });
