#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in the machine that loses power: the agent, with its spool on the disk that loses what was not flushed. The agent gets events,
# number after number, and says after each batch what its books have.
#
#   agent.sh FILE-SYSTEM ENDPOINT FORMAT FIRST LAST
#
# FORMAT makes an event of printf's arguments: start, duration, number, number. Lines for the outside go to descriptor 3.
set -eu
type=$1 endpoint=$2 format=$3 next=$4 last=$5
# Events in a batch.
batch=256
books_signal=0x800

mkdir /run/disk
tar xf /disk.tar -C /run/disk
for module in $(tar tf /disk.tar); do insmod "/run/disk/$module"; done
until [ -b /dev/vda ]; do sleep 0.02; done
mount -t "$type" /dev/vda /mnt
mkfifo /run/events
exec 4<>/run/events
export OTEL_EXPORTER_OTLP_ENDPOINT="$endpoint" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
  OTEL_BSP_MAX_QUEUE_SIZE=100000000 OTEL_BSP_MAX_EXPORT_BATCH_SIZE=32
node dist/bin/compactstall.js replay /run/events --output none --spool /mnt/spool --spool-size 16M --log-format json 2>&3 3>&- 4>&- &
agent=$!

# Before the agent catches the signal, it would end it.
asks() { mask=$(sed -n 's/^SigCgt:[[:space:]]*........//p' /proc/$agent/status); [ $((0x$mask & books_signal)) -ne 0 ]; }
until asks; do sleep 0.05; done

while [ "$next" -le "$last" ]; do
  echo "{\"type\":\"issued\",\"first\":$next,\"count\":$batch}" >&3
  end=$((next + batch))
  while [ $next -lt $end ]; do
    # shellcheck disable=SC2059  # it is a format
    printf "$format\n" $((1795441812325118373 + next * 1000003)) $((14200123 + next)) $next $next
    next=$((next + 1))
  done >&4
  kill -USR2 $agent
  sleep 0.1
done
exec 4>&-
wait $agent
