#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the tracers whose processes publish their spans, for tests: Datadog's for Python (PyPI, with OpenTelemetry's own SDK,
# which publishes nothing), for Node.js (npm) and for Java (Maven Central), and builds a service with the one for Rust (crates.io).
# Versions and hashes are pinned in the folders here.
#
# Standard output: one line "name=path" for each: python= its interpreter, node= its package, java= the agent's archive, rust= the
# folder of the service. Where Rust is missing or too old, a line "lacks=" has the reason instead of rust=. With the argument
# `node`, only that one.
#
# The folders are ${XDG_CACHE_HOME:-~/.cache}/compactstall/tracer-NAME-HASH/; delete one to install it again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/tracers/install.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"
. "$here/../cargo.sh"

node() {
  mkdir "$1"
  cp "$here/node/package.json" "$here/node/package-lock.json" "$1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

java() {
  mkdir "$1"
  version=${archive#dd-java-agent-}
  fetch_maven "com/datadoghq/dd-java-agent/${version%.jar}" "$here/java/agent.sha256" "$1"
}

# The same service three times: as the tracer's documentation says, without the line in build.rs, and that one stripped.
rust() {
  mkdir "$1"
  cd "$here/rust"
  cargo build --locked --target-dir "$tmp/target"
  cp "$tmp/target/debug/spans" "$1/exported"
  WITHOUT_EXPORT=1 cargo build --locked --target-dir "$tmp/target"
  cp "$tmp/target/debug/spans" "$1/unexported"
  strip -o "$1/stripped" "$1/unexported"
}

ensure() { # ensure NAME WHAT-MATTERS MINUTES
  install "tracer-$1" "$2
$(cat "$here/$1"/*)" "the tracer for $1 (up to $3)" "$1"
}

ensure node "$(uname -m)" "a minute"
echo "node=$folder/node_modules"
[ "${1-}" != node ] || exit 0

install_python tracer-python "the tracer for python (up to a minute)" "$here/python/requirements.txt"
echo "python=$folder/bin/python"

archive=$(sed 's/.* //' "$here/java/agent.sha256")
ensure java "" "a minute"
echo "java=$folder/$archive"

needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/rust/Cargo.toml")
find_cargo "$needed"
if [ -z "$lacks" ]; then
  ensure rust "$(uname -m) $compiler" "4 minutes"
  echo "rust=$folder"
else
  echo "lacks=$lacks"
fi
