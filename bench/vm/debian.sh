#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a disk with a Debian system on it.
#
#   bench/vm/debian.sh SUITE PACKAGE...      e.g. bullseye bpfcc-tools
#
# Standard output: the disk, an ext4 file system, ${XDG_CACHE_HOME:-~/.cache}/compactstall/debian-SUITE-HASH.ext4, where
# HASH is of the arguments. debootstrap makes it once, as root, and checks the packages against Debian's signature. The mirror
# is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR. Delete the file to make it again.
set -eu

. "$(dirname "$0")/../../toolchain/cache.sh"
. "$(dirname "$0")/../../toolchain/mirror.sh"

say() { echo "bench/vm/debian.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

make_disk() ( # make_disk TARGET PACKAGE,PACKAGE...
  [ "$(id -u)" = 0 ] || fail "debootstrap needs root"
  for program in debootstrap mke2fs; do
    command -v "$program" >/dev/null || fail "$program is missing. Try: apt-get install debootstrap e2fsprogs"
  done
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
  say "installing $2 into a Debian $suite (once, some minutes)"
  scratch "debian-$suite"
  debootstrap --variant=minbase --arch=amd64 --include="$2" "$suite" "$tmp/root" "$mirror" >"$tmp/log" 2>&1 9>&- || {
    tail -n 20 "$tmp/log" >&2
    fail "debootstrap failed (above). Is $mirror reachable, and does its $suite have $2? COMPACTSTALL_DEBIAN_MIRROR names another."
  }
  rm -rf "$tmp"/root/var/cache/apt/archives/*.deb "$tmp"/root/var/lib/apt/lists/* "$tmp"/root/usr/share/doc
  size=$(($(du -sm "$tmp/root" | cut -f 1) * 11 / 10 + 128))
  mke2fs -q -t ext4 -O ^has_journal -d "$tmp/root" "$tmp/disk" "${size}m" >>"$tmp/log" 2>&1
  mv "$tmp/disk" "$1"
)

[ $# -ge 2 ] || fail "usage: debian.sh SUITE PACKAGE..."
hash=$(echo "$*" | sha256sum | cut -c 1-12)
suite=$1
shift
disk=$cache/debian-$suite-$hash.ext4
once "debian-$suite" "$disk" make_disk "$disk" "$(echo "$*" | tr ' ' ',')"
echo "$disk"
