// SPDX-License-Identifier: Apache-2.0
/** The connection to a running agent. The browser connects again when it is lost; after the agent has refused it, this does. */
import { LIVE_EVENTS, type LiveMore, type LiveStart } from '../report/live.ts';

export type ConnectionState = 'connecting' | 'connected' | 'lost' | 'ended';

export interface Listener {
  start(start: LiveStart): void;
  more(more: LiveMore): void;
  /** @param why the agent's words, where it has refused */
  state(state: ConnectionState, why?: string): void;
}

const AGAIN_MS = 2000;

/** @param away what it is until it is connected */
export function connect(listener: Listener, away: 'lost' | 'ended' = 'lost'): void {
  const source = new EventSource('events');
  const on = (name: string, take: (data: string) => void) =>
    source.addEventListener(name, (event: MessageEvent<string>) => take(event.data));
  let state = away;
  const again = () => {
    source.close();
    setTimeout(() => connect(listener, state), AGAIN_MS);
  };
  source.addEventListener('open', () => {
    state = 'lost';
    listener.state('connected');
  });
  on(LIVE_EVENTS.state, (text) => listener.start(JSON.parse(text)));
  on(LIVE_EVENTS.more, (text) => listener.more(JSON.parse(text)));
  on(LIVE_EVENTS.end, () => {
    state = 'ended';
    listener.state(state);
    again();
  });
  source.addEventListener('error', async () => {
    listener.state(state);
    if (source.readyState !== EventSource.CLOSED) return;
    listener.state(state, await refusal());
    again();
  });
}

/** A connection for events does not tell why it was refused. */
async function refusal(): Promise<string | undefined> {
  const stop = new AbortController();
  try {
    const response = await fetch('events', { signal: stop.signal });
    return response.ok ? undefined : (await response.text()).trim();
  } catch {
    return undefined;
  } finally {
    stop.abort();
  }
}
