// SPDX-License-Identifier: Apache-2.0
import { closest } from '../closest.ts';
import { EXIT, usageError } from '../errors.ts';
import { inRing } from '../event/books.ts';
import { booksReport } from '../event/books-report.ts';
import { isCompaction } from '../event/event.ts';
import { Pipeline } from '../event/pipeline.ts';
import { Summary } from '../event/summary.ts';
import { NOBODY } from '../host/users.ts';
import { AGGREGATE_ROWS } from '../live/aggregates.ts';
import { limitationsOf } from '../live/limitations.ts';
import { openLiveSource } from '../live/open.ts';
import { giveUpPrivileges, ownerAfterStart } from '../live/privileges.ts';
import { Verification } from '../live/verify.ts';
import { message } from '../messages/message.ts';
import { createSinks, filesOf, openOutputs, type SinkSettings, wantsSpans } from '../sinks/create.ts';
import { checkRotations } from '../sinks/output-files.ts';
import { openSpools } from '../sinks/spools.ts';
import type { StatusServer } from '../status/server.ts';
import { VERSION } from '../version.ts';
import { BooksFile } from './books-file.ts';
import { COMMANDS, HELP } from './commands.ts';
import { RUN_OPTIONS, rotationOf, spoolOf } from './compactstall-options.ts';
import { hasControllingTerminal } from './controlling-terminal.ts';
import { restartWithoutDebugSignal } from './debug-signal.ts';
import { reportAttachment, reportRunTime } from './details.ts';
import { readSettings } from './file-options.ts';
import { liveOptions } from './live-options.ts';
import { filtersOf, livePageHint, openLivePage, showRun } from './live-page.ts';
import { logSettings } from './log-options.ts';
import { openLogs } from './logs.ts';
import type { Messages } from './messages.ts';
import { agentState, openMetrics, workOf } from './metrics.ts';
import { hasTable, sayNotRecorded } from './not-recorded.ts';
import { parseOptions } from './options.ts';
import { reportLeaving, reportPinning } from './pinning.ts';
import { reportBooks, reportBooksSoFar, showSummary } from './report.ts';
import { Request } from './request.ts';
import { openServiceManager, workFor } from './service-manager.ts';
import { Shutdown } from './shutdown.ts';
import { printed } from './standard-output.ts';
import { StatusOfRun } from './status-of-run.ts';
import { checkProcess } from './values.ts';

const NAMES = ['run', ...COMMANDS.map(({ name }) => name)];
const HINT_AFTER_MS = 3000;
/** The time that the last export of metrics has. */
const LAST_METRICS_MS = 3000;

/** `compactstall [run]`: from the running kernel to the outputs. @returns the exit code */
export async function run(args: readonly string[], messages: Messages): Promise<number> {
  const { values: given, positionals, texts } = parseOptions('compactstall', RUN_OPTIONS, args);
  if (given.help) return printed(HELP);
  if (given.version) return printed(`compactstall ${VERSION}\n`);
  const [unexpected] = positionals;
  if (unexpected !== undefined) {
    if (NAMES.includes(unexpected)) {
      throw usageError(`${unexpected} must come first: compactstall ${unexpected} [options].`);
    }
    const meant = closest(unexpected, NAMES);
    const next = meant === undefined ? `expected one of ${NAMES.join(', ')}.` : `did you mean ${meant}?`;
    throw usageError(`'${unexpected}' is not a command; ${next} See compactstall --help.`);
  }
  const { values, environments, configuration, inFile } = await readSettings(RUN_OPTIONS, given);
  // A file may have it for those who add --live.
  if (given['trace-url'] !== undefined && values.live === undefined) {
    throw usageError(
      '--trace-url is for the page of a running agent: add --live. For that of a recording, use compactstall report.',
    );
  }
  const log = logSettings(values);
  messages.configure(log);
  const verbose = log.level === 'debug';
  if (values.pid !== undefined) checkProcess(values.pid, values.procfs);
  restartWithoutDebugSignal();
  await openLogs(messages, environments[0]!);
  const rotation = rotationOf(values);
  const outputs = await openOutputs(values.output, environments, { rotation });
  const hasSpans = environments.some((env) => wantsSpans(outputs, env));
  const owner = ownerAfterStart(values.user);
  const spools = await openSpools(spoolOf(values, owner), outputs, environments);
  const booksFile = values.books === undefined ? undefined : new BooksFile(values.books, filesOf(outputs));
  const statusServer = await openStatus(values['status-socket']);
  const metrics = await openMetrics(hasSpans, messages, environments[0]!);
  const page = await openLivePage(values.live, owner);
  const manager = await openServiceManager((warning) => messages.say(warning));

  const booksWanted = new Request('SIGUSR2');
  // A terminal that is closed sends it, too: nobody would end the agent then.
  const reloads = (manager || filesOf(outputs).length > 0) && !hasControllingTerminal();
  const newFilesWanted = reloads ? new Request('SIGHUP') : undefined;
  const shutdown = new Shutdown(newFilesWanted === undefined);
  const settings: SinkSettings = {
    outputs,
    environments,
    spools,
    stack: values.stack,
    resource: values.resource,
    kernelStack: values['kernel-stack'] ?? false,
    onReaderGone: () => shutdown.end(),
    onFailed: (othersWork) => shutdown.outputFailed(othersWork),
    warn: (warning) => messages.say(warning),
  };
  const options = liveOptions(values, settings, hasSpans);
  let verification: Verification | undefined;
  const source = await openLiveSource({
    ...options,
    ...((metrics || page) && { aggregates: AGGREGATE_ROWS }),
    onAttaching: () => {
      if (values.verify) verification = new Verification();
    },
    onDetached: () => verification?.detached(),
  });
  verification?.attached();
  const { baseline, scanned } = source.sinceAttached ?? {};
  if (baseline && scanned) verification?.goOn(baseline, scanned);
  const attachedMs = performance.now();
  const sinks = await createSinks(settings);
  await metrics?.prepare(source.counting);
  await giveUpPrivileges(values.user ?? NOBODY, settings.warn);
  checkRotations(outputs);
  for (const sink of sinks) await sink.start?.();
  if (values.duration !== undefined) shutdown.after(values.duration);
  messages.say(message('attached', { version: VERSION, plan: source.attachment.plan.name }));
  if (values.pin !== undefined) reportPinning(messages, values.pin, source.attachment);
  if (verbose) reportAttachment(messages, source, attachedMs);
  for (const limitation of limitationsOf(source.attachment, options.stackMinDurationNs !== undefined))
    messages.say(limitation);
  const hint = setTimeout(() => messages.say(message('no_compaction_yet', {})), HINT_AFTER_MS);

  const destinations = [
    ...sinks.flatMap(({ destination }) =>
      destination ? [message('spans_destination', { endpoint: destination })] : [],
    ),
    ...(metrics?.destinations ?? []),
  ];
  for (const destination of destinations) messages.say(destination);
  if (page) messages.say(message('live_page', { url: page.url }));
  else if (texts.size === 0 && !configuration && destinations.length === 0) messages.say(livePageHint());
  const summary = values.summary ? new Summary() : undefined;
  const status = statusServer && new StatusOfRun();
  const pipeline = new Pipeline(source, sinks, {
    onEvents: (events) => {
      clearTimeout(hint);
      const compactions = events.filter(isCompaction);
      verification?.add(compactions);
      metrics?.add(compactions);
      summary?.add(events);
      status?.add(events, compactions.length);
      page?.add(events);
      manager?.changed();
      if (hasTable(outputs)) sayNotRecorded(events, messages);
    },
    onWaiting: (milliseconds) => messages.waiting(milliseconds),
  });
  source.settleBy(() => pipeline.books());
  metrics?.start(
    () => agentState(source, pipeline),
    () => workOf(source, pipeline),
  );
  booksWanted.answer(() => reportBooksSoFar(messages, source.state().books, pipeline.books()));
  const reopen = () => Promise.all(sinks.map((sink) => sink.reopen?.()));
  newFilesWanted?.answer(() => void (manager ? manager.reload(reopen) : reopen()));
  statusServer?.answer(() =>
    status!.status(
      source,
      pipeline,
      messages,
      destinations.map(({ text }) => text),
    ),
  );
  if (page) showRun(page, source, pipeline, filtersOf(texts, inFile), settings, values['trace-url']);
  manager?.ready(workFor(source, pipeline));
  const stop = shutdown.reached.then(() => {
    manager?.stopping();
    verification?.detaching();
  });
  await pipeline.run(stop);
  source.leave();
  clearTimeout(hint);
  booksWanted.close();
  statusServer?.close();
  await page?.close();
  await metrics?.close(LAST_METRICS_MS);
  manager?.close();

  if (summary) showSummary(messages, summary.report());
  let exitCode = reportBooks(messages, source.books(), pipeline.books(), shutdown.failed);
  if (booksFile) exitCode = booksFile.write(booksReport(source.books(), pipeline.books()), exitCode, messages);
  if (metrics && metrics.failed > 0) {
    const said = message('metrics_exports_failed', { exports: metrics.failed });
    messages.show(said, `  note     ${String(metrics.failed).padStart(8)}: exports of metrics that failed`);
  }
  if (verbose) reportRunTime(messages, source);
  const verified = verification?.result(source.books().kernel!, inRing(source.books()));
  for (const line of verified?.lines ?? []) {
    const said = message('verified', { line });
    messages.show(verified!.agrees ? said : { ...said, level: 'error' }, `  verify   ${line}`);
  }
  if (values.pin !== undefined) reportLeaving(messages, values.pin, values['pin-ttl'], source.attachment);
  await source.close();
  return exitCode === EXIT.OK && verified?.agrees === false ? EXIT.LOST : exitCode;
}

/** Loaded only when it is wanted. */
async function openStatus(path: string | undefined): Promise<StatusServer | undefined> {
  if (path === undefined) return undefined;
  const { StatusServer } = await import('../status/server.ts');
  return StatusServer.listen(path);
}
