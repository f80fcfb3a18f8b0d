#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @opentelemetry/exporter-trace-otlp-grpc 0.301.0 (npm): to a Unix socket, unix:///PATH, it speaks TLS.
#
# A socket file has no name that a certificate could prove, and its permissions say who may connect; so plain text is expected, as
# from http://HOST:PORT. The exporter takes every scheme but http for a secure one, as the letter of OpenTelemetry's specification is.
# The collector sees a failed handshake. OTEL_EXPORTER_OTLP_INSECURE=true makes it plain.
#
# Seen, the first bytes at the socket: 16 03 01, a TLS handshake; with that variable, and for http://, the preface of HTTP/2.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @opentelemetry/exporter-trace-otlp-grpc@0.301.0 @opentelemetry/api@1.10.0
cat >"$folder/export.cjs" <<'END'
const { once } = require('node:events');
const net = require('node:net');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-grpc');

(async () => {
  for (const [where, insecure, expected] of [
    ['unix', undefined, 'TLS'],
    ['unix', 'true', 'HTTP/2'],
    ['http', undefined, 'HTTP/2'],
  ]) {
    const server = net.createServer().listen(where === 'unix' ? { path: `${__dirname}/${insecure}` } : { port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const address = server.address();
    if (insecure) process.env.OTEL_EXPORTER_OTLP_INSECURE = insecure;
    else delete process.env.OTEL_EXPORTER_OTLP_INSECURE;
    const url = where === 'unix' ? `unix://${address}` : `http://127.0.0.1:${address.port}`;
    new OTLPTraceExporter({ url, timeoutMillis: 5000 }).export([], () => {});
    const [socket] = await once(server, 'connection');
    const [bytes] = await once(socket.on('error', () => {}), 'data');
    const kind = bytes.subarray(0, 2).equals(Buffer.from([0x16, 0x03])) ? 'TLS' : `${bytes.subarray(0, 14)}` === 'PRI * HTTP/2.0' ? 'HTTP/2' : '?';
    console.log(`${where}, OTEL_EXPORTER_OTLP_INSECURE=${insecure ?? ''}: begins with ${kind}`);
    if (kind !== expected) throw new Error('the behaviour has changed');
    socket.destroy();
    server.close();
  }
  process.exit();
})();
END
env -u http_proxy -u https_proxy -u grpc_proxy timeout 60 node "$folder/export.cjs"
echo 'as described'
