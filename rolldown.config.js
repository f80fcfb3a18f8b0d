// SPDX-License-Identifier: Apache-2.0
// Makes dist/ of src/: the commands with all libraries that they use, so that they start sooner and a package needs no others; the
// prober and compactstall/register each in one file, as they run with other rights, and in others' processes; the library.
import { defineConfig } from 'rolldown';

const ESM = { format: 'esm', dir: 'build/dist', entryFileNames: '[name].js' };
/** Comes with the package, in node_modules/. */
const ADDON = 'bpf-loader-native';
const LIBRARY = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/;

/** The file of a library's module: one for each library, so that it is loaded when it is first used. */
function fileOfLibrary(id) {
  const name = LIBRARY.exec(id)?.[1];
  return name && `libraries/${name.replace('/', '-')}`;
}

/** OpenTelemetry's exporters require gRPC's library by createRequire() when it is first used, which no bundler follows. */
const requireOfGrpc = {
  name: 'require-of-grpc',
  transform: {
    filter: { code: '__require("@grpc/grpc-js")' },
    handler: (code) =>
      `import * as requiredGrpc from '@grpc/grpc-js';\n${code.replaceAll('__require("@grpc/grpc-js")', 'requiredGrpc')}`,
  },
};

const fileOfChunk = ({ name }) => (name.startsWith('libraries/') ? '[name].js' : 'agent/[name].js');

export default defineConfig([
  {
    input: { 'bin/compactstall': 'src/bin/compactstall.ts', 'bin/compactsnoop': 'src/bin/compactsnoop.ts' },
    platform: 'node',
    external: [ADDON],
    plugins: [requireOfGrpc],
    output: { ...ESM, chunkFileNames: fileOfChunk, codeSplitting: { groups: [{ name: fileOfLibrary }] } },
  },
  { input: { 'prober/main': 'src/prober/main.ts' }, platform: 'node', output: { ...ESM, codeSplitting: false } },
  { input: { 'register/index': 'src/register/index.ts' }, platform: 'node', output: { ...ESM, codeSplitting: false } },
  {
    // An application's own copies of these: their objects go through its SDK.
    input: { index: 'src/index.ts' },
    platform: 'node',
    external: [ADDON, /^@opentelemetry\//],
    output: { ...ESM, chunkFileNames: 'library/[name].js' },
  },
]);
