#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @grpc/grpc-js 1.14.7 (npm), the gRPC client of Node.js: a metadata key that HTTP/2 forbids makes a call busy until its deadline.
#
# HTTP/2 has no headers of a connection, such as keep-alive. Metadata.set() takes them, and Node.js refuses the request, each time it is
# tried. The client takes that for a stream that did not start, tries again at once, and again, hundreds of times a second. It ends as
# DEADLINE_EXCEEDED, which says nothing of the header. One CPU is busy meanwhile.
#
# Seen: DEADLINE_EXCEEDED after one second and several hundred attempts. The same call with the key x-keep-alive is answered at once.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @grpc/grpc-js@1.14.7
cat >"$folder/call.cjs" <<'END'
const { Client, Metadata, Server, ServerCredentials, credentials, status } = require('@grpc/grpc-js');
const same = (bytes) => bytes;
const method = { path: '/a/B', requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same,
  responseSerialize: same, responseDeserialize: same };
const server = new Server();
server.addService({ B: method }, { B: (call, done) => done(null, call.request) });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error) throw error;
  for (const [key, expected] of [['x-keep-alive', 'OK'], ['keep-alive', 'DEADLINE_EXCEEDED']]) {
    const metadata = new Metadata();
    metadata.set(key, '5');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const failure = await new Promise((resolve) =>
      client.makeUnaryRequest('/a/B', same, same, Buffer.from('x'), metadata, { deadline: Date.now() + 1000 }, resolve),
    );
    client.close();
    const attempts = Number(/previous attempts: (\d+)/.exec(failure?.details)?.[1] ?? 0);
    console.log(`${key}: ${failure ? status[failure.code] : 'OK'}, attempts before: ${attempts}`);
    if ((failure ? status[failure.code] : 'OK') !== expected || (failure && attempts < 20)) throw new Error('the behaviour has changed');
  }
  server.forceShutdown();
});
END
timeout 60 node "$folder/call.cjs"
echo 'as described'
