// SPDX-License-Identifier: Apache-2.0
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Address, shown } from '../http-server.ts';
import { isLoopback } from './address.ts';

export type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

export interface Refusal {
  status: 308 | 403 | 405;
  /** One sentence. */
  why: string;
}

const TOKEN_BYTES = 16;
/** What a browser on this host may call it. */
const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** A name or an address, and perhaps a port. */
const HOST = /^([\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Decides who may ask. Beyond this host, only whoever has the address with its token. */
export class Guard {
  /** Undefined where only this host reaches the port. */
  readonly #token: string | undefined;
  readonly #names: ReadonlySet<string>;

  constructor(address: Address) {
    this.#token = isLoopback(address) ? undefined : randomBytes(TOKEN_BYTES).toString('hex');
    this.#names = new Set([...OWN_NAMES, new URL(`http://${shown(address)}`).hostname]);
  }

  /** Where the page is: a path that ends with a slash. */
  get root(): string {
    return this.#token === undefined ? '/' : `/${this.#token}/`;
  }

  /** Why a request is refused; otherwise the path below the root. */
  look({ method, url = '', headers }: Asked): Refusal | { path: string; query: URLSearchParams } {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, why: 'only GET and HEAD are answered' };
    const asked = url.startsWith('/') ? URL.parse(`http://agent${url}`) : null;
    if (!asked) return refused('this is not a path');
    const path = asked.pathname.slice(this.root.length - 1);
    if (isFromElsewhere(headers, path === '/' || path === '')) return refused('another site has asked for it');
    if (this.#token === undefined) {
      // Otherwise a site could give its own name this address, and read what is here.
      const [, name = ''] = HOST.exec(headers.host ?? '') ?? [];
      if (!this.#names.has(name.toLowerCase())) return refused('it is asked for by the name of another host');
    } else if (!isToken(asked.pathname.split('/', 2)[1] ?? '', this.#token)) {
      return refused('the address that compactstall has printed has a token in it');
    }
    // What the page asks for is relative to its address.
    if (path === '') return { status: 308, why: 'its address ends with a slash' };
    return { path: path.slice(1), query: asked.searchParams };
  }
}

const refused = (why: string): Refusal => ({ status: 403, why });

/** A link to the page may be anywhere. */
function isFromElsewhere(headers: Asked['headers'], isPage: boolean): boolean {
  const { origin, host, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers;
  if (origin !== undefined && origin !== `http://${host}`) return true;
  const isLink = isPage && mode === 'navigate' && dest === 'document';
  return site !== undefined && site !== 'same-origin' && site !== 'none' && !isLink;
}

/** In constant time. */
function isToken(text: string, token: string): boolean {
  const [a, b] = [Buffer.from(text), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
