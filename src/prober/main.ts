// SPDX-License-Identifier: Apache-2.0
/**
 * The prober: a process with the right to read others' memory, which only answers the agent's questions (protocol.ts). A
 * process that it probes may make it wait; then it is killed and restarted. The supervisor runs it
 * (native/prober-supervisor/supervisor.c).
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { contextsLine, explanationLine, FAILED, identityLine, NO_ANSWER, parseQuestion, READY } from './protocol.ts';
import { Executables } from './service/executables.ts';
import { explain } from './service/explain.ts';
import { locatePublisher } from './thread-context/record.ts';

// The name in ps. The kernel keeps 15 characters of it as the thread's name: compactstall-pr.
process.title = 'compactstall-prober';

const { values } = parseArgs({ options: { services: { type: 'boolean' }, procfs: { type: 'string' } } });
const { services = false, procfs = '/proc' } = values;
const executables = new Executables({ services, proc: procfs });
const ready = `${READY}${process.pid}`;
let begun = false;

// A service manager signals all processes of a service at once, but the agent still has questions. The prober ends with it.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => {});
// An earlier prober may have left a line unfinished.
process.stdout.write(`\n${ready}\n`);
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith(READY)) begun = line === ready;
    else if (begun) process.stdout.write(`${answerOrNone(line)}\n`);
  })
  .once('close', () => process.exit(0));

/** Answers one question. A process that cannot be probed must not prevent the probes of others. */
function answerOrNone(line: string): string {
  try {
    return answer(line);
  } catch (error) {
    console.error(`${FAILED}${String(error).split('\n')[0]}`);
    return NO_ANSWER;
  }
}

function answer(line: string): string {
  const question = parseQuestion(line);
  switch (question?.about) {
    case 'identity':
      return identityLine(executables.see(question.pid), question.version);
    case 'outside':
      return identityLine(executables.seeFromOutside(question.pid), 0);
    case 'contexts': {
      const located = locatePublisher(question.pid, procfs);
      // What publishes spans publishes its service as well, perhaps since it was identified.
      if ('publisher' in located) executables.published(question.pid);
      return contextsLine(located);
    }
    case 'explanation':
      return explanationLine(explain(question.pid, procfs));
    case 'published':
      executables.published(question.pid);
      return NO_ANSWER;
    default:
      return NO_ANSWER;
  }
}
