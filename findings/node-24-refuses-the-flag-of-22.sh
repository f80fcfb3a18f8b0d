#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Node.js 22.23.5 and 24.21.0 (npm): no NODE_OPTIONS turns the async context frame on in 22 and lets 24 start, which has it on.
#
# When an experiment of Node.js graduates, its flag usually stays, without an effect: --experimental-fetch and
# --experimental-global-webcrypto are still taken. --experimental-async-context-frame was renamed instead. A NODE_OPTIONS in an image or a
# unit that was right for 22 keeps every Node.js process of 24 from starting, with exit code 9; the name in 24 does the same to 22.
#
# Seen: 22 takes the experimental name only, 24 the new name only; both take the two flags of experiments that graduated earlier.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
package="node-linux-$(node -p process.arch)"
npm install --silent --no-audit --no-fund --prefix "$folder" "22@npm:$package@22.23.5" "24@npm:$package@24.21.0"
# 9: refused.
expect() {
  code=0
  said=$(NODE_OPTIONS=$2 timeout 20 "$folder/node_modules/$1/bin/node" -e '' 2>&1) || code=$?
  echo "Node.js $1, NODE_OPTIONS=$2: exit code $code${said:+, ${said##*/bin/}}"
  test "$code" = "$3" || { echo 'the behaviour has changed'; exit 1; }
}
expect 22 --experimental-async-context-frame 0
expect 24 --experimental-async-context-frame 9
expect 22 --async-context-frame 9
expect 24 --async-context-frame 0
for graduated in --experimental-fetch --experimental-global-webcrypto; do
  expect 22 $graduated 0
  expect 24 $graduated 0
done
echo 'as described'
