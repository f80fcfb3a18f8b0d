// SPDX-License-Identifier: Apache-2.0
import { type Message, message } from '../messages/message.ts';
import { StatusLine } from './status-line.ts';
import { Watchdog } from './watchdog.ts';

/** Rounds within the time after which the manager takes the agent for dead. A round may take the rest of it. */
const ROUNDS = 3;

/** What the manager learns of a run. */
export interface Work {
  /** One line. */
  status: () => string;
  /** See Watchdog. */
  works: () => Promise<boolean>;
}

export interface ServiceManagerOptions {
  /** The environment of the agent. Its variables of sd_notify(3) are removed: they are not for the processes that the agent starts. */
  env: NodeJS.ProcessEnv;
  /** Sends a datagram to a unix socket. */
  send: (address: string, text: string) => void;
  warn: (message: Message) => void;
}

/** Notifies systemd, or another service manager that understands sd_notify(3), of how a run goes. */
export class ServiceManager {
  readonly #address: string;
  readonly #watchdogMs: number | undefined;
  readonly #send: (address: string, text: string) => void;
  readonly #warn: (message: Message) => void;
  #status: StatusLine | undefined;
  #watchdog: Watchdog | undefined;
  #hasFailed = false;

  constructor({ env, send, warn }: ServiceManagerOptions) {
    this.#address = env.NOTIFY_SOCKET!;
    this.#watchdogMs = watchdogMs(env);
    this.#send = send;
    this.#warn = warn;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  }

  /** The run has begun. */
  ready({ status, works }: Work): void {
    this.#notify('READY=1');
    this.#status = new StatusLine(status, (text) => this.#notify(`STATUS=${text}`));
    this.#status.renew();
    if (this.#watchdogMs === undefined) return;
    this.#watchdog = new Watchdog(this.#watchdogMs / ROUNDS, works, () => {
      this.#notify('WATCHDOG=1');
      this.#status!.renew();
    });
  }

  /** Events have come, so the status may be another. */
  changed(): void {
    this.#status?.changed();
  }

  /** Notifies of the begin and the end of a reload. */
  async reload(reload: () => Promise<unknown>): Promise<void> {
    // The clock shows systemd to which request this belongs.
    this.#notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    await reload();
    this.#notify('READY=1');
  }

  /** The end of the run has begun. */
  stopping(): void {
    this.#watchdog?.close();
    this.#notify('STOPPING=1');
  }

  /** The run has ended. */
  close(): void {
    this.#status?.close();
  }

  #notify(...assignments: string[]): void {
    try {
      this.#send(this.#address, assignments.join('\n'));
    } catch (error) {
      if (!this.#hasFailed) this.#warn(message('manager_not_notified', { reason: (error as Error).message }));
      this.#hasFailed = true;
    }
  }
}

/** The time after which the manager takes this process for dead without a beat; undefined where it does not watch. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const ms = Number(WATCHDOG_USEC) / 1000;
  const isForUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  return isForUs && ms > 0 ? ms : undefined;
}
