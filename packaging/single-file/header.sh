#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 AND GPL-2.0-only
# @NAME@ in one file. It unpacks itself when it is first started, and is then started from there: /var/cache/compactstall for root,
# ~/.cache/compactstall for others, or the folder in COMPACTSTALL_CACHE. All users have to be able to read it, as the agent gives up root.
# Called by the name compactsnoop, it is that command. What follows the last line of this script is a gzip'ed tar archive.
set -eu
fail() {
  echo "compactstall: $*" >&2
  exit 1
}

if [ -n "${COMPACTSTALL_CACHE:-}" ]; then
  cache=$COMPACTSTALL_CACHE
elif [ "$(id -u)" = 0 ]; then
  cache=/var/cache/compactstall
else
  cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/compactstall
fi
folder=$cache/@NAME@-@HASH@
if [ ! -e "$folder" ]; then
  umask 022
  mkdir -p "$cache" && new=$(mktemp -d "$cache/new-XXXXXX") ||
    fail "cannot unpack itself into $cache. Name another folder: COMPACTSTALL_CACHE=DIRECTORY"
  trap 'rm -rf "$new"' EXIT
  { tail -n +@LINE@ "$0" | gzip -dc | tar -xf - -C "$new"; } || fail "cannot unpack itself into $cache, which needs 115 MB. Is the file whole?"
  "$new/lib/compactstall/node" --version >/dev/null 2>&1 ||
    fail "its Node.js does not run in $cache. It needs Linux on @ARCH@, glibc 2.28 or later (not musl), and a folder that is not mounted noexec."
  chmod 755 "$new"
  # Two may unpack at once, and the first wins.
  [ -e "$folder" ] || mv "$new" "$folder"
  trap - EXIT
  rm -rf "$new"
fi
[ -O "$folder" ] || fail "$folder belongs to another user. Name another folder: COMPACTSTALL_CACHE=DIRECTORY"
command=compactstall
case ${0##*/} in compactsnoop*) command=compactsnoop ;; esac
exec "$folder/bin/$command" "$@"
