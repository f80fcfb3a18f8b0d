#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the libraries that Node.js needs, from Debian 13.
#
#   packaging/image/libraries.sh amd64|arm64
#
# The last line of the standard output is a folder with their files as Debian lays them out, in ${XDG_CACHE_HOME:-~/.cache}/compactstall;
# delete it to fetch them again. apt checks Debian's signature. It runs in a separate root, needs no privilege, and leaves the host's
# packages alone. The mirror is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR. If it no longer has a version, as
# after an update of Debian, the newest is taken, and a line says so: then put that version here.
set -eu

# gcc-14-base has the licence of the two before it.
packages='libc6=2.41-12+deb13u5 libgcc-s1=14.2.0-19 libstdc++6=14.2.0-19 gcc-14-base=14.2.0-19'

cd "$(dirname "$0")"
. ../../toolchain/cache.sh
. ../../toolchain/mirror.sh

say() { echo "packaging/image/libraries.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

fetch() { # fetch FOLDER
  cd "$tmp"
  separate_apt "$arch" trixie
  for package in $packages; do
    apt-get -q download "$package" || { echo "$package" >>dropped; apt-get -q download "${package%%=*}"; }
  done
  for file in *.deb; do dpkg-deb -x "$file" "$1"; done
  # In Debian these are links of another package.
  for folder in lib lib64; do [ ! -d "$1/usr/$folder" ] || ln -s "usr/$folder" "$1/$folder"; done
  # What no program in the image reads; the licences stay.
  rm -rf "$1/etc" "$1"/usr/lib/*/gconv "$1"/usr/lib/*/audit "$1"/usr/share/[!d]*
  find "$1/usr/share/doc" -type f ! -name copyright -delete
  [ ! -e dropped ] || cp dropped "$1/.dropped"
}

arch=$1
mirror=$(debian_mirror)
[ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
[ -r "$debian_keys" ] || fail "$debian_keys is missing. Install it with: sudo apt-get install debian-archive-keyring"
install "image-libraries-$arch" "$packages" "the libraries of the image for $arch (a quarter of a minute)" fetch
[ ! -e "$folder/.dropped" ] || say "the mirror no longer has $(xargs <"$folder/.dropped"); the newest was taken"
echo "$folder"
