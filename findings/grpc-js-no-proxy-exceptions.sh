#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @grpc/grpc-js 1.14.7 (npm), the gRPC client of Node.js: no_proxy=* excludes nothing, and neither does an entry with a port.
#
# In curl, in Go and in Python, no_proxy=* excludes all hosts, and HOST:PORT that port. This client compares each entry with the end
# of the host's name, and with addresses. And where no_grpc_proxy is set, the list in no_proxy is not read at all.
#
# Seen, for a server on 127.0.0.1 and a proxy in http_proxy: no_proxy=127.0.0.1 excludes it; 127.0.0.1:PORT and * do not, though
# Python's urllib takes both; and no_proxy=127.0.0.1 stops doing so when no_grpc_proxy names another host.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @grpc/grpc-js@1.14.7
cat >"$folder/call.cjs" <<'END'
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { Client, credentials } = require('@grpc/grpc-js');

const URLLIB = 'import sys, urllib.request as r; print(r.proxy_bypass_environment(sys.argv[1], {"no": sys.argv[2]}))';
const urllib = (host, list) => execFileSync('python3', ['-c', URLLIB, host, list], { encoding: 'utf8' }).trim() === 'True';

/** Listens for one connection, and closes it. */
async function listen(name, connected) {
  const server = net.createServer((socket) => {
    connected(name);
    socket.on('error', () => {}).destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

(async () => {
  for (const [list, grpcList, expected] of [
    ['127.0.0.1', '', ['server', true]],
    ['127.0.0.1:PORT', '', ['proxy', true]],
    ['*', '', ['proxy', true]],
    ['127.0.0.1', 'example.com', ['proxy', true]],
  ]) {
    let connected;
    const first = new Promise((resolve) => {
      connected = resolve;
    });
    const [server, proxy] = [await listen('server', connected), await listen('proxy', connected)];
    const { port } = server.address();
    process.env.http_proxy = `http://127.0.0.1:${proxy.address().port}`;
    process.env.no_proxy = list.replace('PORT', port);
    if (grpcList) process.env.no_grpc_proxy = grpcList;
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    client.waitForReady(Date.now() + 10_000, () => {});
    const found = [await first, urllib(`127.0.0.1:${port}`, process.env.no_proxy)];
    console.log(`no_proxy=${list} no_grpc_proxy=${grpcList}: goes to the ${found[0]}; excluded for urllib: ${found[1]}`);
    if (found.join() !== expected.join()) throw new Error('the behaviour has changed');
    client.close();
    server.close();
    proxy.close();
  }
  process.exit();
})();
END
env -u grpc_proxy -u https_proxy -u no_grpc_proxy GRPC_VERBOSITY=NONE timeout 60 node "$folder/call.cjs"
echo 'as described'
