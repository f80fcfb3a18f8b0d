#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the receiver to which `npm test` sends spans: Datadog's APM test agent. It decodes OTLP over gRPC and HTTP with
# grpcio, protobuf and opentelemetry-proto. It comes from PyPI in seconds, pinned with hashes in test-agent/requirements.txt.
# The last line of the standard output is the path of the Python that has it.
#
# The folder is ${XDG_CACHE_HOME:-~/.cache}/compactstall/receiver-HASH/; delete it to install again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/receivers/install.sh: $*" >&2; }
. "$here/../cache.sh"

python3 -c 'import ensurepip, venv' 2>/dev/null || {
  say "there is no python3 with venv here. Install it: sudo apt-get install --no-install-recommends python3-venv"
  exit 1
}
python=$(python3 -c 'import sys; print(sys.implementation.cache_tag, sys.base_prefix)')
requirements=$here/test-agent/requirements.txt
hash=$({ echo "$python"; cat "$requirements"; } | sha256sum | cut -c 1-12)
folder=$cache/receiver-$hash

install() (
  scratch receiver
  say "installing the receiver of spans (a quarter of a minute, once)"
  python3 -m venv "$tmp/venv"
  "$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$requirements" >"$tmp/log" 2>&1 || {
    tail -n 20 "$tmp/log" >&2
    say "pip could not install it (above). Is the package index reachable?"
    exit 1
  }
  mv -T "$tmp/venv" "$folder"
)
once "receiver-$hash" "$folder" install
echo "$folder/bin/python"
