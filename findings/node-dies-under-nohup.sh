#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Node.js 24.21.0 (npm): a process that was started with nohup ends at SIGHUP.
#
# nohup ignores SIGHUP and then becomes the program; a signal that is ignored stays ignored across exec. Node.js sets all signals back
# to their defaults when it starts, so the terminal that is closed ends it all the same, and so does a service manager that sends SIGHUP to
# ask for a reload. An agent that promises "start it with nohup" breaks that promise without a word: it ended cleanly in every
# test that was typed in a terminal. A program has to set it again by itself: with a listener that does nothing.
#
# Seen: sleep(1) under nohup lives after SIGHUP; node ends by signal 1; node with a listener lives.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" "node@npm:node-linux-$(node -p process.arch)@24.21.0"
node=$folder/node_modules/node/bin/node

# Starts a command under nohup, waits until it runs, and sends it SIGHUP. Prints whether it lives.
after_hup() {
  rm -f "$folder/ready"
  nohup "$@" >/dev/null 2>&1 &
  pid=$!
  # sleep(1) says nothing: it is known by its name, which it has from exec on.
  timeout 30 sh -c 'until [ -e "$1" ] || [ "$(cat "/proc/$2/comm")" = sleep ]; do sleep 0.1; done' - "$folder/ready" "$pid"
  kill -HUP "$pid"
  sleep 1
  if kill -0 "$pid" 2>/dev/null; then
    echo lives
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || :
  else
    wait "$pid" && status=0 || status=$?
    echo "ended with $status"
  fi
}

ready="require('node:fs').writeFileSync('$folder/ready', ''); setTimeout(() => {}, 10_000)"
seen=$(
  echo "sleep: $(after_hup sleep 10)"
  echo "node: $(after_hup "$node" -e "$ready")"
  echo "node with a listener: $(after_hup "$node" -e "process.on('SIGHUP', () => {}); $ready")"
)
echo "$seen"
[ "$seen" = 'sleep: lives
node: ended with 129
node with a listener: lives' ] || {
  echo 'the behaviour has changed'
  exit 1
}
echo 'as described'
