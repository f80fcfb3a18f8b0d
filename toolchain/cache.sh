# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that make something for tests once, and keep it outside the repository, in $cache. They define `say`.
cache=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set, so there is no place for what the tests keep}/.cache}/compactstall

# Makes TARGET with a command, unless it exists. The command must leave either nothing or the complete target.
once() { # once NAME TARGET COMMAND...
  locked=$1 wanted=$2
  shift 2
  [ ! -e "$wanted" ] || return 0
  mkdir -p "$cache"
  # Of two concurrent callers one makes it; the other waits here, and then finds it made.
  exec 9>"$cache/$locked.lock"
  if ! flock -n 9; then
    say "another process is making $locked; waiting for it"
    flock 9
  fi
  [ -e "$wanted" ] || "$@"
  exec 9>&-
}

# Makes an empty folder $tmp beside the target. It is removed when the calling subshell (a command of `once`) ends.
scratch() { # scratch NAME
  rm -rf "$cache/$1".tmp.* # left by a killed run; the lock is ours
  tmp=$(mktemp -d "$cache/$1.tmp.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  trap 'exit 130' INT HUP TERM
}

# Installs something into a folder of the cache, unless it is there, and sets $folder. The folder's name has a hash of MATTERS,
# all that the result depends on. The command gets the path of a new folder as its last argument, and may use $tmp.
install() { # install NAME MATTERS WHAT COMMAND...
  name=$1-$(printf '%s\n' "$2" | sha256sum | cut -c 1-12)
  folder=$cache/$name
  shift 2
  once "$name" "$folder" install_now "$@"
}

install_now() ( # install_now WHAT COMMAND...
  what=$1
  shift
  scratch "$name"
  say "installing $what, once"
  # The shell ignores set -e in a tested command, so this runs in a subshell, and a file shows whether it succeeded.
  (
    set +e
    (set -e; "$@" "$tmp/new"; touch "$tmp/done") >"$tmp/log" 2>&1 9>&-
    :
  )
  if ! [ -e "$tmp/done" ]; then
    tail -n 20 "$tmp/log" >&2
    say "it could not be installed (above). Is the registry reachable?"
    exit 1
  fi
  mv -T "$tmp/new" "$folder"
)

# The same for packages of PyPI, with hashes in a file of requirements. $folder/bin/python has them.
install_python() { # install_python NAME WHAT REQUIREMENTS
  python3 -c 'import ensurepip, venv' 2>/dev/null || {
    say "there is no python3 with venv here. Install it: sudo apt-get install --no-install-recommends python3-venv"
    exit 1
  }
  interpreter=$(python3 -c 'import sys; print(sys.implementation.cache_tag, sys.base_prefix)')
  install "$1" "$interpreter
$(cat "$3")" "$2" environment_of "$3"
}

environment_of() { # environment_of REQUIREMENTS FOLDER
  python3 -m venv "$2"
  "$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$1"
}

# Fetches a file of Maven Central into FOLDER. SHA256 has its hash and its name, as sha256sum writes them.
fetch_maven() { # fetch_maven FOLDER-THERE SHA256 FOLDER
  file=$(sed 's/.* //' "$2")
  python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
    "https://repo1.maven.org/maven2/$1/$file" "$3/$file"
  (cd "$3" && sha256sum --quiet --strict -c "$2")
}
