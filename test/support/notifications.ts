// SPDX-License-Identifier: Apache-2.0
/** A service manager's socket, to which every user may send, as to that of systemd. Node.js has no datagram sockets, so Python receives. */
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { endsWithTests } from '../../harness/ends-with-tests.ts';

const RECEIVER = `
import json, os, socket, struct, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind(sys.argv[1].replace("@", chr(0)))
if not sys.argv[1].startswith("@"):
    os.chmod(sys.argv[1], 0o777)
print("bound", flush=True)
while True:
    data, ancillary, _, _ = receiver.recvmsg(65536, 256)
    pid, uid, _ = struct.unpack("3i", ancillary[0][2])
    print(json.dumps({"pid": pid, "uid": uid, "text": data.decode()}), flush=True)
`;

/** A datagram, and who has sent it, as the kernel says. */
export interface Notification {
  pid: number;
  uid: number;
  text: string;
}

export class Notifications {
  readonly all: Notification[] = [];
  #waiting: (() => void)[] = [];

  /** @param address a path, or `@` and an abstract name */
  static async at(t: TestContext, address: string): Promise<Notifications> {
    const python = endsWithTests(spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] }));
    t.after(() => python.kill());
    const notifications = new Notifications();
    let partial = '';
    await new Promise<void>((resolve) => {
      python.stdout!.setEncoding('utf8').on('data', (text: string) => {
        const lines = (partial + text).split('\n');
        partial = lines.pop()!;
        for (const line of lines) {
          if (line === 'bound') resolve();
          else notifications.#add(JSON.parse(line));
        }
      });
    });
    return notifications;
  }

  /** Resolves to the first one after so many that begins like this. */
  async next(text: string, after = 0): Promise<Notification> {
    for (;;) {
      const found = this.all.slice(after).find((one) => one.text.startsWith(text));
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #add(one: Notification): void {
    this.all.push(one);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
