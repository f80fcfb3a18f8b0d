#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes what an emulated arm64 machine needs besides Node.js and the project, where the host is of another architecture: Debian's C
# libraries and a few programs, and harness/programs, built by Debian's compiler for arm64.
#
#   harness/machine/arm64.sh
#
# The last two lines of the standard output are folders in ${XDG_CACHE_HOME:-~/.cache}/compactstall: the root with Debian's
# packages, and harness/programs as built. Delete them to make them again. apt checks the packages against Debian's signature. The
# mirror is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR.
set -eu
cd "$(dirname "$0")"
. ../../toolchain/cache.sh
. ../../toolchain/mirror.sh

say() { echo "harness/machine/arm64.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

compiler=aarch64-linux-gnu-gcc
suite=bookworm
# Programs, and the libraries of Node.js and of them.
packages='busybox-static bpftool coreutils util-linux
  libc6 libgcc-s1 libstdc++6 zlib1g libelf1 libcap2 libcap-ng0 libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10
  musl musl-dev musl-tools'

root() { # root FOLDER
  mkdir "$1"
  cd "$tmp"
  separate_apt arm64 "$suite"
  # shellcheck disable=SC2086  # a list of words
  apt-get -q download $packages
  for file in *.deb; do dpkg-deb -x "$file" "$1"; done
  rm -rf "$1/usr/share"
}

# The Makefiles build in their folders, so this builds in copies. The feeder is for benchmarks.
programs() { # programs FOLDER
  cp -r ../programs "$1"
  rm -rf "$1"/*/build "$1/feeder"
  # musl's own wrapper of the compiler, which names the places in its root.
  sed "s,/usr/\(lib\|include\)/aarch64-linux-musl,$root&,g" "$root/usr/lib/aarch64-linux-musl/musl-gcc.specs" >"$tmp/musl.specs"
  musl="-specs $tmp/musl.specs -L$root/lib/aarch64-linux-musl -idirafter /usr/aarch64-linux-gnu/include"
  for makefile in "$1"/*/Makefile; do
    make -C "${makefile%/*}" CC="$compiler" MUSL_CC="$compiler $musl" STRIP=aarch64-linux-gnu-strip
  done
}

mirror=$(debian_mirror)
[ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
install root-arm64 "$packages" "Debian's arm64 programs for machines (a minute)" root
root=$folder
sources=$(find ../programs -path '*/build' -prune -o -type f -print | sort)
# shellcheck disable=SC2046,SC2086  # lists of words
install programs-arm64 "$("$compiler" --version) $root $(cat arm64.sh $sources)" \
  "harness/programs for arm64 (a minute)" programs
echo "$root"
echo "$folder"
