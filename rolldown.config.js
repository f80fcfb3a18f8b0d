// SPDX-License-Identifier: Apache-2.0
// Makes dist/ of src/: the commands with all libraries that they use, so that they start sooner and a package needs no others; the
// prober and compactstall/register each in one file, as they run with other rights, and in others' processes; the library; the page
// of reports.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
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

const UPLOT = 'node_modules/uplot/';
const hashOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Puts script and style of the page of reports into one file, with a policy that allows these alone: no other script runs, and nothing is
 * loaded. Each report is a copy of uPlot, so it has its licence, and its file as packaging/third-party.ts looks for it.
 */
const reportPage = {
  name: 'report-page',
  generateBundle(_options, bundle) {
    const [{ fileName, code }] = Object.values(bundle);
    delete bundle[fileName];
    const style = [`${UPLOT}dist/uPlot.min.css`, 'src/page/page.css']
      .map((path) => readFileSync(path, 'utf8'))
      .join('');
    const script = code.trim();
    if (/<\/script|<!--/i.test(script) || style.includes('</'))
      throw new Error('the page would end in its script or style');
    const parts = {
      policy: [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)}`,
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ].join('; '),
      notice: `// ${UPLOT}dist/uPlot.esm.js\n${readFileSync(`${UPLOT}LICENSE`, 'utf8').trim()}`,
      style,
      script,
    };
    const template = readFileSync('src/page/page.html', 'utf8');
    const source = template.replace(/\{\{(\w+)\}\}/g, (place, name) => parts[name] ?? place);
    this.emitFile({ type: 'asset', fileName: 'report.html', source });
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
    input: 'src/page/main.ts',
    platform: 'browser',
    plugins: [reportPage],
    output: { format: 'iife', dir: 'build/dist/page', minify: true },
  },
  {
    // An application's own copies of these: their objects go through its SDK.
    input: { index: 'src/index.ts' },
    platform: 'node',
    external: [ADDON, /^@opentelemetry\//],
    output: { ...ESM, chunkFileNames: 'library/[name].js' },
  },
]);
