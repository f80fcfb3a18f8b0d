// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type Message, message } from '../messages/message.ts';
import type { Code } from '../messages/table.ts';
import { printable, printableJson } from '../terminal.ts';
import { LastMessages } from './last-messages.ts';
import { isAtLeast, type LogSettings } from './log-options.ts';

const STDERR = 2;
/** How long to wait for a reader of standard error that does not read: two seconds in all, as everything else waits too. */
const MAX_TRIES = 200;
const TRY_MS = 10;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
/** Back to the begin of the line, which is emptied. */
const ERASE = '\r\x1b[K';

/** These may be about the log records themselves: each would cause another. */
const ABOUT_LOGS: ReadonlySet<Code> = new Set(['opentelemetry', 'logs_undelivered']);

/** Takes all messages that are printed. */
export interface Log {
  emit(message: Message): void;
  close(): Promise<void>;
}

/** Messages for the user: whole lines on standard error, so that standard output holds data only. */
export class Messages {
  readonly #command: string;
  #settings: LogSettings;
  #inProgress = false;
  readonly last = new LastMessages();
  #log: Log | undefined;
  /** Since the last write that succeeded. */
  #tries = 0;

  constructor(command: string, settings: LogSettings = { format: 'text', level: 'info' }) {
    this.#command = command;
    this.#settings = settings;
  }

  /** Where messages go as well from now on. */
  sendTo(log: Log | undefined): void {
    this.#log = log;
  }

  /** Waits for what was sent last, for a short time. */
  async close(): Promise<void> {
    await this.#log?.close();
  }

  /** How messages are printed from now on. */
  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  /**
   * One line, whatever the message quotes: an argument, a path, a collector's words.
   *
   * @param below more lines, for people; machines have the message's fields
   */
  say(message: Message, below: readonly string[] = []): void {
    const { text } = message;
    this.last.add(message, Date.now());
    this.show(message, [printable(`${this.#command}: ${text}`), ...below].join('\n'));
  }

  /** Reports that the sinks take a while to deliver. */
  waiting(milliseconds: number): void {
    this.say(message('delivering', { seconds: Math.ceil(milliseconds / 1000) }));
  }

  /** A line that is rewritten in place, on a terminal only; a message replaces it, and so does no text. */
  progress(text = ''): void {
    if (!isatty(STDERR) || this.#settings.format === 'json' || (text === '' && !this.#inProgress)) return;
    this.#write(text === '' ? ERASE : `${ERASE}${this.#command}: ${text}`);
    this.#inProgress = text !== '';
  }

  /** A message that is a part of a table, or a table itself. @param text for people */
  show(message: Message, text: string): void {
    if (!this.#isWanted(message)) return;
    this.progress();
    this.#write(`${this.#settings.format === 'json' ? jsonLine(message) : text}\n`);
    if (!ABOUT_LOGS.has(message.code)) this.#log?.emit(message);
  }

  /** OTEL_LOG_LEVEL has decided already which messages of OpenTelemetry's libraries are wanted. */
  #isWanted({ code, level }: Message): boolean {
    return code === 'opentelemetry' || isAtLeast(level, this.#settings.level);
  }

  /** A pipe takes a long text in parts, and none while it is full. */
  #write(text: string): void {
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(STDERR, rest));
        this.#tries = 0;
      } catch (error) {
        // Otherwise standard error is closed, and there is no other place to report that.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || this.#tries === MAX_TRIES) return;
        Atomics.wait(PAUSE, 0, 0, TRY_MS);
        this.#tries += 1;
      }
    }
  }
}

/** A message as one line of JSON: its own four keys, and then its values. */
function jsonLine({ level, code, text, fields }: Message): string {
  const own = { time: new Date().toISOString(), level, code, message: text };
  // A value cannot take the place of one of the four.
  return printableJson(JSON.stringify({ ...own, ...fields, ...own }));
}
