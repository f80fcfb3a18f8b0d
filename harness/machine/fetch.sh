#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches a Debian kernel to boot under qemu.
#
#   harness/machine/fetch.sh RELEASE FLAVOUR SUITE VERSION KIND...      e.g. 6.1 cloud-amd64 bookworm 6.1.176-1 image
#
# Takes the packages linux-KIND-RELEASE.*-FLAVOUR of that version. If the mirror no longer has it, takes the newest of the
# suite, and reports that at every use.
#
# Standard output: the directory that holds it, ${XDG_CACHE_HOME:-~/.cache}/compactstall/kernel-RELEASE-FLAVOUR-HASH/, where
# HASH is of the arguments:
#
#   vmlinuz        to boot
#   initrd         finds the disk, where the kernel has the modules for it apart
#   modules.tar    the modules for a network, in the order in which the guest loads them
#   disk.tar       the modules for a disk on virtio and its file systems, in such an order
#   packages       the Debian packages of all
#   version        the version of the packages
#   SHA256SUMS     of the files above, checked before every use
#
# apt checks the packages against Debian's signature. It runs in a separate root, needs no privilege, and leaves the host's
# packages alone. A kernel is fetched once; delete its directory to fetch it again. The mirror is the one that apt is
# configured with, or COMPACTSTALL_DEBIAN_MIRROR.
set -eu

. "$(dirname "$0")/../../toolchain/cache.sh"
. "$(dirname "$0")/../../toolchain/mirror.sh"
# Each comes after those that it needs.
modules='failover net_failover virtio_net'
root_modules='nvme-auth nvme-keyring nvme-core nvme crc32c_generic crc16 mbcache jbd2 ext4'
disk_modules='virtio_blk libcrc32c xfs'

say() { echo "harness/machine/fetch.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# Prints a line "VERSION PACKAGE" for each package of that kind in the suite.
available() { # available KIND
  for package in $(apt-cache pkgnames "linux-$1-$release."); do
    case $package in
      *-"$flavour") apt-cache madison "$package" | awk -F ' *[|] *' '{ gsub(/ /, "", $1); print $2, $1 }' ;;
    esac
  done
}

# Downloads and unpacks the packages into ./root.
download() { # download KIND...
  case $flavour in *arm64*) architecture=arm64 ;; *) architecture=amd64 ;; esac
  separate_apt "$architecture" "$suite"
  available "$1" | sort -V >versions
  [ -s versions ] || fail "$suite on $mirror has no package linux-$1-$release.*-$flavour"
  cut -d " " -f 1 versions | grep -qxF -e "$version" || version=$(tail -n 1 versions | cut -d ' ' -f 1)
  for kind; do
    package=$(available "$kind" | awk -v version="$version" '$1 == version { print $2 }' | tail -n 1)
    [ -n "$package" ] || fail "$suite on $mirror has no linux-$kind-$release.*-$flavour of version $version"
    apt-get -q download "$package=$version"
  done
  echo "$version" >got
  for file in *.deb; do dpkg-deb -x "$file" root; done
  # The first program of an initrd is of the kernel's architecture.
  [ -z "$(find root -name 'nvme.ko*')" ] || {
    separate_apt "$architecture" "${suite%-backports}"
    apt-get -q download busybox-static
    dpkg-deb -x busybox-static*.deb busybox
  }
}

# Copies a module from ./root to FOLDER. False when the packages do not have it.
module() { # module NAME FOLDER
  found=$(find root -name "$1.ko*")
  case $found in
    *.xz) xz -dc "$found" >"$2/$1.ko" ;;
    *.ko) cp "$found" "$2/$1.ko" ;;
    *) return 1 ;;
  esac
}

# Kernels differ in which of the modules they have, and in which they have built in.
initrd() {
  mkdir -p initrd/bin initrd/proc initrd/dev initrd/root initrd/modules
  find busybox -path '*bin/busybox' -exec cp {} initrd/bin/ \;
  {
    echo '#!/bin/busybox sh'
    for module in $root_modules; do
      ! module "$module" initrd/modules || echo "/bin/busybox insmod /modules/$module.ko"
    done
    echo '/bin/busybox mount -t devtmpfs dev /dev'
    echo 'until [ -b /dev/nvme0n1 ]; do /bin/busybox usleep 10000; done'
    echo '/bin/busybox mount -t ext4 /dev/nvme0n1 /root'
    echo 'exec /bin/busybox switch_root /root /init'
  } >initrd/init
  chmod +x initrd/init
  (cd initrd && find . | busybox cpio -o -H newc 2>/dev/null | gzip) >result/initrd
}

# Copies the files that a machine needs from ./root to ./result.
pick() {
  mkdir -p result/modules result/disk
  find root -type f -name 'vmlinuz*' -exec cp {} result/vmlinuz \;
  for module in $modules; do
    module "$module" result/modules || fail "the packages have no module $module"
  done
  [ ! -d busybox ] || initrd
  # shellcheck disable=SC2086  # a list of words
  (cd result/modules && tar cf ../modules.tar --owner=0 --group=0 $(printf '%s.ko ' $modules))
  for module in $disk_modules; do
    ! module "$module" result/disk || echo "$module.ko" >>disk
  done
  # shellcheck disable=SC2046  # a list of words
  (cd result/disk && tar cf ../disk.tar --owner=0 --group=0 $(cat ../../disk))
  rm -r result/modules result/disk
  sha256sum -- *.deb >result/packages
  cp got result/version
  (cd result && sha256sum -- * >../sums && mv ../sums SHA256SUMS)
}

fetch() ( # fetch DIRECTORY KIND...
  target=$1
  shift
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
  [ -r "$debian_keys" ] || fail "$debian_keys is missing. Install it with: sudo apt-get install debian-archive-keyring"
  say "fetching Linux $release ($flavour) from $suite (once)"
  scratch "$name"
  # The shell ignores set -e in a tested command, so this runs in a subshell, and its result shows whether it succeeded.
  (
    cd "$tmp"
    set +e
    (set -e; download "$@"; pick) >log 2>&1 9>&-
    :
  )
  if ! [ -s "$tmp/result/SHA256SUMS" ]; then
    tail -n 20 "$tmp/log" >&2
    fail "Linux $release ($flavour) could not be fetched (above). Is $mirror reachable? COMPACTSTALL_DEBIAN_MIRROR names another."
  fi
  mv -T "$tmp/result" "$target"
)

[ $# -ge 5 ] || fail "usage: fetch.sh RELEASE FLAVOUR SUITE VERSION KIND..."
hash=$(echo "$* $modules $root_modules $disk_modules" | sha256sum | cut -c 1-12)
release=$1 flavour=$2 suite=$3 version=$4
shift 4
name=kernel-$release-$flavour
dir=$cache/$name-$hash
once "$name" "$dir" fetch "$dir" "$@"
(cd "$dir" && sha256sum --quiet --strict -c SHA256SUMS) >&2 ||
  fail "$dir is not what was fetched (above). Delete it, and it will be fetched again."
got=$(cat "$dir/version")
[ "$got" = "$version" ] || say "Linux $release ($flavour) is $got: $suite did not have $version when it was fetched"
echo "$dir"
