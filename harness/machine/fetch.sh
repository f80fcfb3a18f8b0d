#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches a Debian kernel to boot under qemu.
#
#   harness/machine/fetch.sh NAME SUITE VERSION KIND...      e.g. 6.1 bookworm 6.1.176-1 image
#
# Takes the packages linux-KIND-NAME.*-cloud-amd64 of that version. If the mirror no longer has it, takes the newest of the
# suite, and reports that at every use.
#
# Standard output: the directory that holds it, ${XDG_CACHE_HOME:-~/.cache}/compactstall/kernel-NAME-HASH/, where HASH is of
# the arguments:
#
#   vmlinuz        to boot
#   modules.tar    the modules for a network, in the order in which the guest loads them
#   packages       the Debian packages of both
#   version        the version of the packages
#   SHA256SUMS     of the files above, checked before every use
#
# apt checks the packages against Debian's signature. It runs in a separate root, needs no privilege, and leaves the host's
# packages alone. A kernel is fetched once; delete its directory to fetch it again. The mirror is the one that apt is
# configured with, or COMPACTSTALL_DEBIAN_MIRROR.
set -eu

. "$(dirname "$0")/../cache.sh"
. "$(dirname "$0")/mirror.sh"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
# Each comes after those that it needs.
modules='failover net_failover virtio_net'

say() { echo "harness/machine/fetch.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# Prints a line "VERSION PACKAGE" for each package of that kind in the suite.
available() { # available KIND
  for package in $(apt-cache pkgnames "linux-$1-$name."); do
    case $package in
      *-cloud-amd64) apt-cache madison "$package" | awk -F ' *[|] *' '{ gsub(/ /, "", $1); print $2, $1 }' ;;
    esac
  done
}

# Downloads and unpacks the packages into ./root.
download() { # download KIND...
  mkdir -p apt/state/lists/partial apt/cache/archives/partial
  echo "deb [arch=amd64 signed-by=$keys] $mirror $suite main" >apt/sources.list
  cat >apt/apt.conf <<-END
	Dir::State "$PWD/apt/state";
	Dir::State::status "/dev/null";
	Dir::Cache "$PWD/apt/cache";
	Dir::Etc::sourcelist "$PWD/apt/sources.list";
	Dir::Etc::sourceparts "-";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	END
  export APT_CONFIG="$PWD/apt/apt.conf"
  apt-get -q --error-on=any update
  available "$1" | sort -V >versions
  [ -s versions ] || fail "$suite on $mirror has no package linux-$1-$name.*-cloud-amd64"
  cut -d " " -f 1 versions | grep -qxF -e "$version" || version=$(tail -n 1 versions | cut -d ' ' -f 1)
  for kind; do
    package=$(available "$kind" | awk -v version="$version" '$1 == version { print $2 }' | tail -n 1)
    [ -n "$package" ] || fail "$suite on $mirror has no linux-$kind-$name.*-cloud-amd64 of version $version"
    apt-get -q download "$package=$version"
  done
  echo "$version" >got
  for file in *.deb; do dpkg-deb -x "$file" root; done
}

# Copies the files that a machine needs from ./root to ./result.
pick() {
  mkdir -p result/modules
  find root -type f -name 'vmlinuz*' -exec cp {} result/vmlinuz \;
  for module in $modules; do
    found=$(find root -name "$module.ko*")
    case $found in
      *.xz) xz -dc "$found" >"result/modules/$module.ko" ;;
      *.ko) cp "$found" "result/modules/$module.ko" ;;
      *) fail "the packages have no module $module" ;;
    esac
  done
  # shellcheck disable=SC2086  # a list of words
  (cd result/modules && tar cf ../modules.tar --owner=0 --group=0 $(printf '%s.ko ' $modules))
  rm -r result/modules
  sha256sum -- *.deb >result/packages
  cp got result/version
  (cd result && sha256sum vmlinuz modules.tar packages version >SHA256SUMS)
}

fetch() ( # fetch DIRECTORY KIND...
  target=$1
  shift
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
  [ -r "$keys" ] || fail "$keys is missing. Install it with: sudo apt-get install debian-archive-keyring"
  say "fetching Linux $name from $suite (once)"
  scratch "kernel-$name"
  # The shell ignores set -e in a tested command, so this runs in a subshell, and its result shows whether it succeeded.
  (
    cd "$tmp"
    set +e
    (set -e; download "$@"; pick) >log 2>&1 9>&-
    :
  )
  if ! [ -s "$tmp/result/SHA256SUMS" ]; then
    tail -n 20 "$tmp/log" >&2
    fail "Linux $name could not be fetched (above). Is $mirror reachable? COMPACTSTALL_DEBIAN_MIRROR names another."
  fi
  mv -T "$tmp/result" "$target"
)

[ $# -ge 4 ] || fail "usage: fetch.sh NAME SUITE VERSION KIND..."
hash=$(echo "$* $modules" | sha256sum | cut -c 1-12)
name=$1 suite=$2 version=$3
shift 3
dir=$cache/kernel-$name-$hash
once "kernel-$name" "$dir" fetch "$dir" "$@"
(cd "$dir" && sha256sum --quiet --strict -c SHA256SUMS) >&2 ||
  fail "$dir is not what was fetched (above). Delete it, and it will be fetched again."
got=$(cat "$dir/version")
[ "$got" = "$version" ] || say "Linux $name is $got: $suite did not have $version when it was fetched"
echo "$dir"
