#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds inferno, which makes flame graphs of folded stacks, from crates.io: the versions of what it needs are those of its own lock file.
#
# Standard output: a line "inferno=PATH" of inferno-flamegraph, or "lacks=" and the reason why it cannot be built here. It is in
# ${XDG_CACHE_HOME:-~/.cache}/compactstall/inferno-HASH/; delete that to build it again.
set -eu
version=0.12.4
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/viewers/inferno.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"
. "$here/../cargo.sh"

inferno() {
  cargo install inferno --version "=$version" --locked --no-default-features --features cli --bin inferno-flamegraph --debug \
    --root "$1" --target-dir "$tmp/target"
}

find_cargo 1.71
if [ -n "$lacks" ]; then
  echo "lacks=$lacks"
else
  install inferno "$version $(uname -m) $compiler" "inferno (up to a minute)" inferno
  echo "inferno=$folder/bin/inferno-flamegraph"
fi
