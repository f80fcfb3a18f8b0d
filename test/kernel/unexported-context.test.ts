// SPDX-License-Identifier: Apache-2.0
// Processes that announce thread contexts in their process context, and have the variable in a file that does not export it:
// it is found if the file has a symbol table. Otherwise the reason is in the books, and in the words of `doctor --pid`.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { COMPACT_NODE0 } from '../../harness/host.ts';
import { locateThreadContexts } from '../../src/prober/thread-context/locator.ts';
import { Agent, runToEnd } from '../support/agent.ts';
import { Publisher } from '../support/publisher.ts';
import { spanOf } from '../support/stalls.ts';
import { record } from '../support/thread-record.ts';
import { threadContexts } from '../unit/prober/service/payload.ts';

const SPAN = spanOf(1, 1);

async function start(t: TestContext, name: string, payload = threadContexts()): Promise<Publisher> {
  const publisher = new Publisher('memfd', {}, name);
  t.after(() => publisher.end());
  await publisher.publish(payload);
  return publisher;
}

const reasonOf = (pid: number) => {
  const found = locateThreadContexts(pid);
  return 'reason' in found ? found.reason : undefined;
};

for (const name of ['context-unexported', 'context-unexported-library']) {
  it(`${name}: its stalls are children`, async (t) => {
    const publisher = await start(t, name);
    await publisher.span(record(SPAN));
    const agent = await new Agent(['--output', 'json']).attached();
    const own = () => agent.events().filter(({ pid }) => pid === publisher.pid);
    do await publisher.stall(COMPACT_NODE0);
    while (!(await agent.until(() => own().length > 0).then(() => own().some(({ context }) => context))));
    assert.equal((await agent.stop()).code, 0);
    const { context } = own().findLast((event) => event.context)!;
    assert.deepEqual(context, { source: 'thread', ...SPAN, flags: 1, relation: 'child' });
  });
}

describe('the reason', () => {
  it('a symbol table that was stripped', async (t) => {
    const { pid } = await start(t, 'context-stripped');
    assert.equal(reasonOf(pid), 'not_exported');
    const { stdout } = await runToEnd(['doctor', '--pid', `${pid}`]);
    assert.match(
      stdout,
      /announces thread contexts, but no file exports the symbol: link with --export-dynamic-symbol/,
    );
  });

  it('a process that announces nothing is not searched further', async (t) => {
    const { pid } = await start(t, 'context-unexported', Buffer.alloc(0));
    assert.equal(reasonOf(pid), 'no_symbol');
  });
});
