// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sendDatagram } from '../src/index.ts';
import { bpfError } from './support.ts';

/** Prints what arrives at a datagram socket, a line of JSON each. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace("@", chr(0)))
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
`;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'compactstall-datagram-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @returns the function that resolves to the next datagram */
async function receiver(t: TestContext, address: string): Promise<() => Promise<string>> {
  const python = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => python.kill());
  let text = '';
  python.stdout.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  const next = async (): Promise<string> => {
    while (!text.includes('\n')) await once(python.stdout, 'data');
    const end = text.indexOf('\n');
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return JSON.parse(line);
  };
  assert.equal(await next(), 'bound');
  return next;
}

for (const kind of ['a path', 'the longest path', 'an abstract name'] as const) {
  test(`a datagram arrives whole at ${kind}`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'socket');
    const address = {
      'a path': path,
      'the longest path': path.padEnd(107, 'x'),
      'an abstract name': `@compactstall-test-${process.pid}`,
    }[kind];
    const next = await receiver(t, address);
    for (const text of ['READY=1\nSTATUS=17 compactions, 0 lost', 'STATUS=ä']) {
      sendDatagram(address, text);
      assert.equal(await next(), text);
    }
  });
}

test('what cannot be sent is an error that says why', (t) => {
  const path = join(temporaryFolder(t), 'socket');
  const words = (address: string) => bpfError('SEND_FAILED', new RegExp(`^Cannot send to ${address}: `));
  assert.throws(() => sendDatagram(path, 'READY=1'), words(path));
  assert.throws(() => sendDatagram(path, 'READY=1'), { errno: 'ENOENT' });
  assert.throws(() => sendDatagram('@nobody-listens-there', 'READY=1'), { errno: 'ECONNREFUSED' });
  assert.throws(() => sendDatagram(path.padEnd(108, 'x'), 'READY=1'), { errno: 'ENAMETOOLONG' });
});
