#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs setproctitle from PyPI, pinned with hashes: gunicorn, Celery and others use it to change the title that ps shows.
# The last line of the standard output is the path of the Python that has it.
#
# The folder is ${XDG_CACHE_HOME:-~/.cache}/compactstall/setproctitle-HASH/; delete it to install again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/setproctitle/install.sh: $*" >&2; }
. "$here/../cache.sh"

python3 -c 'import ensurepip, venv' 2>/dev/null || {
  say "there is no python3 with venv here. Install it: sudo apt-get install --no-install-recommends python3-venv"
  exit 1
}
python=$(python3 -c 'import sys; print(sys.implementation.cache_tag, sys.base_prefix)')
hash=$({ echo "$python"; cat "$here/requirements.txt"; } | sha256sum | cut -c 1-12)
folder=$cache/setproctitle-$hash

install() (
  scratch setproctitle
  say "installing setproctitle (some seconds, once)"
  python3 -m venv "$tmp/venv"
  "$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$here/requirements.txt" >"$tmp/log" 2>&1 || {
    tail -n 20 "$tmp/log" >&2
    say "pip could not install it (above). Is the package index reachable?"
    exit 1
  }
  mv -T "$tmp/venv" "$folder"
)
once "setproctitle-$hash" "$folder" install
echo "$folder/bin/python"
