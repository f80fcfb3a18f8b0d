#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the tracers whose processes publish their spans, for tests: Datadog's for Python (PyPI, with OpenTelemetry's own SDK,
# which publishes nothing), for Node.js (npm) and for Java (Maven Central). Versions and hashes are pinned in the folders here.
#
# Standard output: one line "name=path" for each: python= its interpreter, node= its package, java= the agent's archive.
#
# The folders are ${XDG_CACHE_HOME:-~/.cache}/compactstall/tracer-NAME-HASH/; delete one to install it again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/tracers/install.sh: $*" >&2; }
. "$here/../cache.sh"

python3 -c 'import ensurepip, venv' 2>/dev/null || {
  say "there is no python3 with venv here. Install it: sudo apt-get install --no-install-recommends python3-venv"
  exit 1
}

python() {
  python3 -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$here/python/requirements.txt"
}

node() {
  mkdir "$1"
  cp "$here/node/package.json" "$here/node/package-lock.json" "$1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

java() {
  mkdir "$1"
  archive=$(sed 's/.* //' "$here/java/agent.sha256")
  version=${archive#dd-java-agent-}
  python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
    "https://repo1.maven.org/maven2/com/datadoghq/dd-java-agent/${version%.jar}/$archive" "$1/$archive"
  (cd "$1" && sha256sum --quiet --strict -c "$here/java/agent.sha256")
}

install() ( # install NAME FOLDER
  scratch "tracer-$1"
  say "installing the tracer for $1 (up to a minute, once)"
  # The shell ignores set -e in a tested command, so this runs in a subshell, and a file shows whether it succeeded.
  (
    set +e
    (set -e; "$1" "$tmp/new"; touch "$tmp/done") >"$tmp/log" 2>&1 9>&-
    :
  )
  if ! [ -e "$tmp/done" ]; then
    tail -n 20 "$tmp/log" >&2
    say "it could not be installed (above). Is the registry reachable?"
    exit 1
  fi
  mv -T "$tmp/new" "$2"
)

ensure() { # ensure NAME WHAT-MATTERS PATH-INSIDE
  hash=$({ echo "$2"; cat "$here/$1"/*; } | sha256sum | cut -c 1-12)
  folder=$cache/tracer-$1-$hash
  once "tracer-$1" "$folder" install "$1" "$folder"
  echo "$1=$folder/$3"
}

ensure python "$(python3 -c 'import sys; print(sys.implementation.cache_tag, sys.base_prefix)')" bin/python
ensure node "$(uname -m)" node_modules
ensure java "" "$(sed 's/.* //' "$here/java/agent.sha256")"
