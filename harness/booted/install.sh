#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the root file system of a Debian that boots with systemd.
#
#   harness/booted/install.sh SUITE     bookworm or trixie: Debian 12 or 13
#
# The last line of the standard output is the folder, ${XDG_CACHE_HOME:-~/.cache}/compactstall/booted-SUITE-HASH/; delete it to install
# again. debootstrap needs root, and checks the packages against Debian's signature. A point release may bring other versions of them. The
# mirror is the one that apt is configured with, or COMPACTSTALL_DEBIAN_MIRROR.
set -eu
cd "$(dirname "$0")"
. ../../toolchain/cache.sh
. ../../toolchain/mirror.sh

say() { echo "harness/booted/install.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

packages=systemd-sysv
# What a machine for a test has no use for, and what would wait for hardware or a network.
masked='apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  getty.target systemd-binfmt.service systemd-hwdb-update.service systemd-journal-catalog-update.service
  systemd-journal-flush.service systemd-machine-id-commit.service systemd-pstore.service systemd-random-seed.service
  systemd-sysusers.service systemd-tmpfiles-clean.timer systemd-update-done.service systemd-update-utmp.service
  systemd-update-utmp-runlevel.service'

debian() { # debian FOLDER
  debootstrap --variant=minbase --arch=amd64 --include="$packages" "$suite" "$1" "$mirror"
  rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/usr/share/doc "$1"/usr/share/locale
  echo compactstall-vm >"$1/etc/hostname"
  for unit in $masked; do ln -s /dev/null "$1/etc/systemd/system/$unit"; done
}

suite=$1
mirror=$(debian_mirror)
[ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
install "booted-$suite" "$packages $masked" "Debian $suite with systemd (a minute)" debian
echo "$folder"
