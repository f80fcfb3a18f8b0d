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
