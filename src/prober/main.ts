// SPDX-License-Identifier: Apache-2.0
/**
 * The prober: a process of its own, with the rights to look into others, that does nothing but answer the agent's
 * questions. What it looks at may make it wait; then it is ended, and begins again. Run by the supervisor (native/prober-supervisor/supervisor.c).
 */
import { createInterface } from 'node:readline';
import { readStat } from '../procfs/stat.ts';
import { contextsLine, FAILED, identityLine, parseQuestion, READY } from './protocol.ts';
import { Executables } from './service/executables.ts';
import { locatePublisher } from './thread-context/record.ts';

const programs = new Executables({ services: process.argv.includes('--services') });
const ready = `${READY}${process.pid}`;
let begun = false;

// Who stops a service sends them to all its processes, but the agent has questions left. It ends with the agent.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
// The line that the one before was writing ends here.
process.stdout.write(`\n${ready}\n`);
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith(READY)) begun = line === ready;
    else if (begun) process.stdout.write(`${answerOrNone(line)}\n`);
  })
  .once('close', () => process.exit(0));

/** What one process is must not keep all others from being looked at. */
function answerOrNone(line: string): string {
  try {
    return answer(line);
  } catch (error) {
    console.error(`${FAILED}${String(error).split('\n')[0]}`);
    return 'null';
  }
}

function answer(line: string): string {
  const question = parseQuestion(line);
  if (question === undefined) return 'null';
  switch (question.about) {
    case 'contexts':
      return contextsLine(locatePublisher(question.pid));
    case 'program':
      return identityLine(programs.see(question.pid), question.version);
    case 'status': {
      const status = readStat(`/proc/${question.pid}`);
      return identityLine(status && { ...status, version: question.version, facts: undefined }, question.version);
    }
    case 'published':
      programs.published(question.pid);
      return 'null';
  }
}
