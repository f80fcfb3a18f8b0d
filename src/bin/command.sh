#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts the command of this name, wherever a link to this file is: with the Node.js that the package brings, or else with that of PATH.
# setup.sh puts a copy beside each built command. busybox has readlink -f, and no env -S, so the flags are here and not in a first line.
set -eu
# Only where it is a link: a fork may fail where processes are limited.
self=$0
[ ! -L "$self" ] || self=$(readlink -f -- "$self")
node=${self%/*}/../../node
[ -x "$node" ] || node=$(command -v node) || {
  echo "${self##*/}: there is no Node.js in PATH. Install version 22.15 or later." >&2
  exit 3
}
# DEP0123: gRPC's library names an address to TLS as if it were a host; it says nothing to a user, and the certificate is checked.
export MALLOC_ARENA_MAX=1
exec "$node" --no-memory-reducer --max-semi-space-size=2 --disable-warning=DEP0123 "$self.js" "$@"
