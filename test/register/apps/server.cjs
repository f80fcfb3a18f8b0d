// SPDX-License-Identifier: Apache-2.0
// A server that does not know OpenTelemetry, except for its checks. It handles two requests at the same time.
const { readFile } = require('node:fs/promises');
const { once } = require('node:events');
const { pipeline } = require('node:stream/promises');
const { setTimeout: sleep } = require('node:timers/promises');

exports.serve = async (http, api) => {
  const check = require('./check.cjs').checker(api);
  const server = http.createServer(async (request, response) => {
    const path = request.url;
    check(`${path}: request`);
    for await (const chunk of request) check(`${path}: body of ${chunk.length}`);
    await readFile(__filename);
    check(`${path}: after a file`);
    if (path === '/outer') {
      await ask('/inner');
      check(`${path}: after a request of its own`);
    }
    await sleep(path === '/outer' ? 5 : 1);
    check(`${path}: after a timer`);
    response.on('finish', () => check(`${path}: finished`));
    await pipeline([Buffer.from('done')], response);
  });
  const ask = async (path) => {
    const { port } = server.address();
    const request = http.request({ port, path, method: 'POST' });
    request.end('body');
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
  };
  server.listen(0);
  await once(server, 'listening');
  await Promise.all([ask('/outer'), ask('/other')]);
  await sleep(5);
  check('nobody asks any more');
  process.exit();
};
if (require.main === module) exports.serve(require('node:http'), require(process.env.API));
