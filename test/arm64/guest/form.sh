#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a machine with nothing but a shell: what compactstall shows of one compaction, and what its doctor says. Lines of JSON go to
# descriptor 3.
#
#   form.sh COMMAND...    which starts compactstall
set -eu
work=$(mktemp -d)
events=$work/events said=$work/said

"$@" doctor --json >"$work/doctor" 2>&1 && code=0 || code=$?
printf '{"doctor":%s,"code":%s}\n' "$(tr -d '\n' <"$work/doctor")" "$code" >&3

"$@" --output json >"$events" 2>"$said" &
agent=$!
until grep -q ' attached (' "$said"; do kill -0 "$agent" || { cat "$said" && exit 1; } && sleep 0.2; done
echo 1 >/proc/sys/vm/compact_memory
until grep -q "\"pid\":$$," "$events"; do sleep 0.2; done
kill "$agent"
wait "$agent" && code=0 || code=$?
cat "$said"
grep "\"pid\":$$," "$events" | sed 's/.*/{"event":&}/' >&3
printf '{"ended":%s}\n' "$code" >&3
