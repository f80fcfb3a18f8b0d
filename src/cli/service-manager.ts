// SPDX-License-Identifier: Apache-2.0
import { booksReport } from '../event/books-report.ts';
import type { Pipeline } from '../event/pipeline.ts';
import type { LiveSource } from '../live/live-source.ts';
import type { Message } from '../messages/message.ts';
import type { ServiceManager, Work } from '../systemd/service-manager.ts';
import { spanCounts } from './metrics.ts';

/** The service manager that has started the agent and wants to be notified, if there is one; loaded only then. */
export async function openServiceManager(warn: (message: Message) => void): Promise<ServiceManager | undefined> {
  if (!process.env.NOTIFY_SOCKET) return undefined;
  const { ServiceManager } = await import('../systemd/service-manager.ts');
  const { importLive } = await import('../live/open.ts');
  await importLive();
  const { sendDatagram } = await import('bpf-loader-native');
  return new ServiceManager({ env: process.env, send: sendDatagram, warn });
}

/** What the service manager learns of a run. */
export function workFor(source: LiveSource, pipeline: Pipeline): Work {
  return {
    status: () => {
      const sinks = pipeline.books();
      const { compactions, lost } = booksReport(source.state().books, sinks, false);
      const queued = spanCounts(sinks)?.queued;
      const all = Object.values(lost).reduce((sum, n) => sum + n, 0);
      return `${compactions} compactions, ${all} lost${queued === undefined ? '' : `, ${queued} spans queued`}`;
    },
    works: async () => {
      await source.roundTrip();
      return !pipeline.isStuck;
    },
  };
}
