// SPDX-License-Identifier: Apache-2.0
/**
 * Runs test files inside an emulated machine: `node run-tests.ts [--name PATTERN] FILE[#PATTERN]...`. Results go to
 * descriptor 3 as they come, one line of JSON each, and to the console for people. A file that reports no test is a failure.
 */
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { causeOf, endOfProcess, type TestError } from '../../runner/failure.ts';
import type { Result } from '../result.ts';

const RESULTS = 3;
/** A limit that only a hang reaches. */
const TIMEOUT_MS = 600_000;
const LOG_LINES = 8;
/**
 * V8 alone, without threads that compile and collect. In software emulation a file that works with the agent in its own process ended three
 * times in a trap (SIGTRAP), as if one CPU had executed what another was about to write. The agents that tests start have no such flag.
 */
const V8 = ['--single-threaded'];

interface TestEvent {
  name: string;
  nesting: number;
  file?: string;
  skip?: string | boolean;
  todo?: string | boolean;
  details: { duration_ms: number; type?: string; error?: TestError };
}

const { values, positionals } = parseArgs({ options: { name: { type: 'string' } }, allowPositionals: true });
let failed = false;

function report(result: Result): void {
  if (result.outcome === 'failed') failed = true;
  writeSync(RESULTS, `${JSON.stringify(result)}\n`);
  const name = result.name.join(' > ');
  console.log(`${result.outcome} ${result.file}: ${name} (${result.ms} ms)${result.error ? `\n${result.error}` : ''}`);
}

/** @param said the standard error of the file’s process, which alone has the reason where that ended, or imports something that is not there */
function words(error: TestError, said: string): string {
  const { stack, message } = causeOf(error);
  const end = endOfProcess(error);
  const more = end === undefined ? [] : [said.trimEnd(), 'the kernel:', kernelLog()];
  return [end, stack || message, ...more].filter(Boolean).join('\n');
}

/** Its last lines: a fault, or who was short of memory. */
const kernelLog = () => execFileSync('dmesg', { encoding: 'utf8' }).trimEnd().split('\n').slice(-LOG_LINES).join('\n');

/**
 * Whether V8 found its own table of compiled code wrong. It does so in software emulation only, still after V8 got one thread: about once in ten
 * times in a file that works with the agent in its own process. On hardware the same files never end so.
 */
const isFaultOfEmulation = (end: string | undefined, said: string) =>
  end === 'the process ended with SIGTRAP' && said.includes('Check failed: it->second.Size() > offset');

/** @param mayFault whether a fault of the emulation is not a failure: the file is run once more */
async function runFile(word: string, mayFault = true): Promise<void> {
  const [file, only] = word.split('#') as [string, string?];
  const pattern = values.name ?? only;
  const path = resolve(file);
  let reported = 0;
  let said = '';
  let again = false;
  const suites: string[] = [];
  const handle = (event: TestEvent, passed: boolean) => {
    // A suite is reported after its tests, but starts before them.
    suites.length = event.nesting;
    // A file that ends well without a test is reported as a test with the file's name.
    if (event.details.type === 'suite' || (passed && event.name === path)) return;
    if (!passed && mayFault && isFaultOfEmulation(endOfProcess(event.details.error!), said)) {
      again = true;
      return;
    }
    const outcome = !passed ? 'failed' : event.skip !== undefined || event.todo !== undefined ? 'skipped' : 'passed';
    reported += 1;
    report({
      ...{ type: 'test', file, outcome, name: [...suites, event.name], ms: Math.round(event.details.duration_ms) },
      ...(passed ? {} : { error: words(event.details.error!, said) }),
    });
  };
  const events = run({
    files: [path],
    concurrency: false,
    timeout: TIMEOUT_MS,
    execArgv: V8,
    ...(pattern === undefined ? {} : { testNamePatterns: [pattern] }),
  });
  events.on('test:stdout', ({ message }) => process.stdout.write(message));
  events.on('test:stderr', ({ message }) => {
    process.stderr.write(message);
    said = (said + message).slice(-4000);
  });
  events.on('test:start', ({ name, nesting }) => {
    suites.length = nesting;
    suites[nesting] = name;
  });
  events.on('test:pass', (event) => handle(event as TestEvent, true));
  events.on('test:fail', (event) => handle(event as TestEvent, false));
  for await (const _ of events);
  if (again) {
    console.log(`${file}: V8 ended it, which is a fault of the emulation; running it once more`);
    return runFile(word, false);
  }
  // With a pattern, most files have no test.
  if (reported === 0 && values.name === undefined) {
    const error = 'the file reported no test';
    report({ type: 'test', file, name: ['has tests'], ms: 0, outcome: 'failed', error });
  }
}

for (const word of positionals) await runFile(word);
process.exit(failed ? 1 : 0);
