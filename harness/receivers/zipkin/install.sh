#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Zipkin's server, the second store of the tests, from Maven Central: one archive of 131 MB, with everything that it needs but
# Java. The hash is pinned in server.sha256. The last line of the standard output is its path.
#
# The folder is ${XDG_CACHE_HOME:-~/.cache}/compactstall/zipkin-HASH/; delete it to install again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/receivers/zipkin/install.sh: $*" >&2; }
. "$here/../../../toolchain/cache.sh"

archive=$(sed 's/.* //' "$here/server.sha256")
version=${archive#zipkin-server-}

server() {
  mkdir "$1"
  fetch_maven "io/zipkin/zipkin-server/${version%-exec.jar}" "$here/server.sha256" "$1"
}

install zipkin "$(cat "$here/server.sha256")" "Zipkin (up to a minute)" server
echo "$folder/$archive"
