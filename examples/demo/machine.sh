#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in the demo's machine: machine.sh STALLS. Starts the agent and a program whose page faults want huge pages of fragmented
# memory, until the program has stalled that often. Writes the agent's JSON lines, and at the end its messages, to descriptor 3.
set -eu
cd "$(dirname "$0")/../.."

echo madvise >/sys/kernel/mm/transparent_hugepage/enabled
echo madvise >/sys/kernel/mm/transparent_hugepage/defrag # page faults compact, if the program asked for huge pages
echo 0 >/proc/sys/vm/compaction_proactiveness # so that nobody else does it for them

mkfifo /tmp/events
tee /tmp/seen </tmp/events >&3 &
copy=$!
./dist/bin/compactstall --output json --verify >/tmp/events 2>/tmp/said &
agent=$!
until grep -q ' attached ' /tmp/said; do
  kill -0 $agent || { cat /tmp/said; exit 1; }
  sleep 0.2
done
echo '{"type":"attached"}' >&3
OTEL_SERVICE_NAME=demo ./harness/programs/fragment/build/fragment -r 0 -p 10 &
program=$!
until [ "$(grep -c '"trigger":"direct"' /tmp/seen)" -ge "$1" ]; do
  kill -0 $program # Otherwise it would be waited for in vain.
  sleep 0.5
done
kill $program
wait $program || true
kill $agent
status=0
wait $agent || status=$?
wait $copy
sed 's/[\\"]/\\&/g; s/.*/{"type":"said","text":"&"}/' /tmp/said >&3
exit $status
