// SPDX-License-Identifier: Apache-2.0
// What the check lets through, the transports take; what it refuses, they refuse.
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { UserError } from '../../../../src/errors.ts';
import { readHeaders } from '../../../../src/sinks/otlp/headers.ts';
import type { Protocol } from '../../../../src/sinks/otlp/settings.ts';
import { event } from './events.ts';
import { startGrpcServer } from './grpc-server.ts';
import { LONG, sinkTo } from './sink-to.ts';

const VARIABLE = 'OTEL_EXPORTER_OTLP_HEADERS';
const read = (value: string, protocol: Protocol = 'grpc') => readHeaders({ [VARIABLE]: value }, protocol);

/** The refusal, or undefined. */
function refusal(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 2);
    return error.message;
  }
}

const accepts = (use: () => void): boolean => {
  try {
    use();
    return true;
  } catch {
    return false;
  }
};

/** All of ASCII, and some of each longer length of UTF-8. */
const CHARACTERS = [...Array(0x180).keys(), 0x7ff, 0x800, 0x20ac, 0xfffd, 0x10000, 0x1f4a5].map((code) =>
  String.fromCodePoint(code),
);

describe('a value with any character', () => {
  it('gRPC', () => {
    for (const character of CHARACTERS) {
      const said = refusal(() => read(`x=a${encodeURIComponent(character)}b`));
      const taken = accepts(() => new Metadata().set('x', `a${character}b`));
      assert.equal(said === undefined, taken, JSON.stringify(character));
      if (said)
        assert.match(said, /^OTEL_EXPORTER_OTLP_HEADERS: the value of x has a character that gRPC cannot carry; /);
    }
  });

  it('HTTP: as UTF-8', () => {
    for (const character of CHARACTERS) {
      const said = refusal(() => read(`x=a${encodeURIComponent(character)}b`, 'http/protobuf'));
      const bytes = Buffer.from(`a${character}b`).toString('latin1');
      assert.equal(
        said === undefined,
        accepts(() => validateHeaderValue('x', bytes)),
        JSON.stringify(character),
      );
      if (said) assert.match(said, /^OTEL_EXPORTER_OTLP_HEADERS: the value of x has a control character/);
      else assert.deepEqual(read(`x=a${encodeURIComponent(character)}b`, 'http/protobuf'), [['x', bytes]]);
    }
  });
});

describe('a name with any character', () => {
  // The separators of the variable end the name, and blanks at its ends are cut.
  const names = CHARACTERS.filter((character) => character !== '=').map((character) => `a${character}b`);

  it('gRPC', () => {
    for (const name of names) {
      const said = refusal(() => read(`${encodeURIComponent(name)}=1`));
      // The library leaves out what begins with a colon, and sends no name with one.
      const taken = !name.includes(':') && accepts(() => new Metadata().set(name, '1'));
      assert.equal(said === undefined, taken, JSON.stringify(name));
      if (said) assert.match(said, /^OTEL_EXPORTER_OTLP_HEADERS: pair 1 has no name that grpc can carry; /);
    }
  });

  it('HTTP', () => {
    for (const name of names) {
      const said = refusal(() => read(`${encodeURIComponent(name)}=1`, 'http/protobuf'));
      assert.equal(
        said === undefined,
        accepts(() => validateHeaderName(name)),
        JSON.stringify(name),
      );
    }
  });
});

it('a value is never shown, and a name only if it is one', () => {
  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    for (const value of [
      'SECRET',
      'a b=SECRET',
      'a=1,SECRET',
      'x=SECRET%0a',
      'x=SECRET%zz',
      'x=SECRET;y',
      'te=SECRET',
      '=SECRET',
    ]) {
      assert.doesNotMatch(refusal(() => read(value, protocol)) ?? 'accepted', /SECRET|accepted/, value);
    }
  }
});

it('what the stock exporters would leave out or cut is refused', () => {
  assert.equal(
    refusal(() => read('a=1,token')),
    `${VARIABLE}: pair 2 has no '='; write name=value.`,
  );
  assert.match(refusal(() => read('a=100%')) ?? '', /the value of a is not percent-encoded UTF-8; write % as %25\.$/);
  assert.match(refusal(() => read('a=%ff')) ?? '', /the value of a is not percent-encoded UTF-8/);
  assert.match(refusal(() => read('cookie=a;b')) ?? '', /the value of cookie has a ';', which ends it; write %3B\.$/);
});

it('headers that belong to the transport are refused', () => {
  for (const name of [
    'connection',
    'accept-encoding',
    'Content-Length',
    'keep-alive',
    'transfer-encoding',
    'upgrade',
    'te',
    'grpc-timeout',
  ]) {
    assert.equal(
      refusal(() => read(`${name}=5`)),
      `${VARIABLE}: ${name.toLowerCase()} belongs to the transport; leave it out.`,
    );
  }
});

it('the variable for traces comes last; blanks, empty pairs and empty values are nothing', () => {
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: ' Tenant = one , , empty=, key=a=b==,',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'tenant=two,user-agent=x',
  };
  assert.deepEqual(readHeaders(env, 'grpc'), [
    ['tenant', 'two'],
    ['key', 'a=b=='],
  ]);
});

/** Starts an HTTP server that takes everything. @returns its port, and the headers of its requests */
async function startHttp(t: TestContext) {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, headers };
}

describe('on the wire', () => {
  it('gRPC: every printable character, and any byte in a binary header', async (t) => {
    const server = await startGrpcServer(t);
    const printable = CHARACTERS.slice(0x20, 0x7f).join('').trim();
    const { sink } = await sinkTo(server.port, {
      [VARIABLE]: `x=${encodeURIComponent(printable)},y-bin=caf%C3%A9%0a`,
    });
    sink.write([event()]);
    await sink.close(LONG);
    assert.deepEqual(server.metadata[0]?.get('x'), [printable]);
    assert.deepEqual(server.metadata[0]?.get('y-bin'), [Buffer.from('café\n')]);
  });

  it('HTTP: UTF-8', async (t) => {
    const server = await startHttp(t);
    const { sink } = await sinkTo(server.port, {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      [VARIABLE]: 'x=caf%C3%A9%09%F0%9F%92%A5,Content-Type=text/html',
    });
    sink.write([event()]);
    await sink.close(LONG);
    assert.equal(Buffer.from(String(server.headers[0]?.x), 'latin1').toString(), 'café\t\u{1F4A5}');
    assert.equal(server.headers[0]?.['content-type'], 'application/x-protobuf');
  });
});
