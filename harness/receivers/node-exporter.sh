#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches Prometheus's node exporter, from Debian. Its PSI stands beside the stalls in the dashboard. The last line of the
# standard output is the path of the program, in ${XDG_CACHE_HOME:-~/.cache}/compactstall/node-exporter-HASH/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/receivers/node-exporter.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"

unpacked() { # unpacked FOLDER
  mkdir "$1"
  cd "$1"
  apt-get -q download prometheus-node-exporter
  dpkg-deb -x ./*.deb .
  rm ./*.deb
}

install node-exporter prometheus-node-exporter "Prometheus's node exporter" unpacked
echo "$folder/usr/bin/prometheus-node-exporter"
