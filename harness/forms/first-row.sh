#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs compactstall, and starts it twice until it has shown a compaction. The seconds since the boot at which each step began and
# ended go to descriptor 3, as one line of JSON, with the kilobytes that / then has more.
#
#   first-row.sh INSTALL START [WORD...]     two commands of a shell, and the words before `sh` where they run
set -eu
install=$1 start=$2
shift 2
work=$(mktemp -d)
agent=
trap 'rm -rf "$work"; [ -z "$agent" ] || stop' EXIT
trap 'exit 1' HUP INT TERM
# npx is another process of its group.
stop() {
  kill -s TERM -- "-$agent"
  while kill -s 0 -- "-$agent" 2>/dev/null; do sleep 0.02; done
  agent=
}
now() { read -r up _ </proc/uptime && echo "$up"; }
used() { df -Pk / | { read -r _ && read -r _ _ kB _ && echo "$kB"; }; }

first_row() {
  : >"$work/rows" >"$work/said"
  now >>"$work/times"
  setsid "$@" sh -c "exec $start" >"$work/rows" 2>"$work/said" &
  agent=$!
  until grep -q ' attached (' "$work/said"; do
    kill -0 "$agent" || { cat "$work/said" >&2 && exit 1; }
    sleep 0.02
  done
  echo 1 >/proc/sys/vm/compact_memory
  until grep -q ' manual ' "$work/rows"; do sleep 0.02; done
  now >>"$work/times"
  stop
}

before=$(used)
now >"$work/times"
"$@" sh -c "$install" >&2
now >>"$work/times"
first_row "$@"
first_row "$@"
printf '{"times":[%s],"kB":%s}\n' "$(paste -sd, "$work/times")" $(($(used) - before)) >&3
