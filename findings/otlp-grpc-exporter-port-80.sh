#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# @opentelemetry/exporter-trace-otlp-grpc 0.301.0 (npm): the endpoint http://HOST:80 is sought at port 443.
#
# The exporter hands URL.host to gRPC. A URL leaves out the port that is its scheme's default, 80 for http. gRPC's own default is 443,
# for plain text as well. So a collector behind a plain-text load balancer on port 80 is never reached, and the log names another port.
#
# Seen: for http://127.0.0.1:80 a connection to 127.0.0.1:443 is tried; for http://127.0.0.1:81 one to 127.0.0.1:81.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @opentelemetry/exporter-trace-otlp-grpc@0.301.0 @opentelemetry/api@1.10.0
cat >"$folder/export.cjs" <<'END'
const net = require('node:net');
// Which port is asked for; nothing is connected.
let asked;
net.connect = (options) => {
  asked = options.port;
  const socket = new net.Socket();
  setImmediate(() => socket.destroy(new Error('not connected')));
  return socket;
};
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-grpc');
(async () => {
  for (const [port, expected] of [[81, 81], [80, 443]]) {
    asked = undefined;
    const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}`, timeoutMillis: 500 });
    await new Promise((resolve) => exporter.export([], resolve));
    console.log(`http://127.0.0.1:${port}: port ${asked}`);
    if (asked !== expected) throw new Error('the behaviour has changed');
  }
  process.exit();
})();
END
env -u http_proxy -u https_proxy -u grpc_proxy timeout 60 node "$folder/export.cjs"
echo 'as described'
