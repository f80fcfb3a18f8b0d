// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CompactionsOptions, compactions, UserError } from '../../../src/index.ts';
import { checkOptions } from '../../../src/library/options.ts';

const refuses = (options: object, message: string | RegExp) =>
  assert.throws(
    () => compactions(options as CompactionsOptions),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual([error.name, error.exitCode], ['UserError', 2]);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    },
  );

describe('the options of compactions()', () => {
  it('have defaults, and are read like those of the command', () => {
    assert.equal(checkOptions({}).minDurationNs, 0);
    assert.deepEqual(checkOptions({}).triggers, ['direct', 'kcompactd', 'proactive', 'manual']);
    assert.equal(checkOptions({ minDuration: '1.5ms' }).minDurationNs, 1_500_000);
    assert.deepEqual(checkOptions({ user: '7:8' }).user, { uid: 7, gid: 8 });
    assert.equal(checkOptions({}).user, undefined, 'the process keeps its rights unless asked');
    assert.equal(checkOptions({ pid: process.pid }).pid, process.pid);
  });

  it('name what is wrong at the call, before anything is loaded', () => {
    refuses({ minduration: '1ms' }, /^compactions: there is no option 'minduration'; expected some of triggers, min/);
    refuses(
      { triggers: ['cron'] },
      "triggers: 'cron' is not a trigger; expected some of direct, kcompactd, proactive, manual.",
    );
    refuses(
      { minDuration: '10' },
      'minDuration 10: expected a number and a unit (ns, us, ms or s), such as 500us or 10ms.',
    );
    refuses({ context: 'parent' }, "context: 'parent' is not known; expected one of child, child-always, link, off.");
    for (const ringBytes of [0, 1000, 2048, 3 * 4096, 2 ** 31, Number.NaN]) {
      refuses({ ringBytes }, `ringBytes: ${ringBytes} is not a power of two from 4096 to 1073741824.`);
    }
    for (const pid of [0, -1, 1.5, 4_194_305])
      refuses({ pid }, `pid: there is no process ${pid}. ps -e lists the processes.`);
    refuses({ user: 'nobody here' }, /^user: there is no user 'nobody here' in \/etc\/passwd; /);
  });

  it('the books of a loop that has not begun count nothing', () => {
    const { compactions: count, lost, balances } = compactions().books();
    assert.deepEqual({ count, lost, balances }, { count: 0, lost: {}, balances: true });
  });

  it('a signal that is aborted already: no event, and nothing is loaded', async () => {
    for await (const event of compactions({ signal: AbortSignal.abort() })) assert.fail(event.trigger);
  });
});
