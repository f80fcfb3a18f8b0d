#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches a Debian kernel to boot under qemu.
#
#   harness/machine/fetch.sh NAME SUITE PATTERN...      e.g. 6.1 bookworm 'linux-image-6.1.*-cloud-amd64'
#
# Standard output: the directory that holds it, ${XDG_CACHE_HOME:-~/.cache}/compactstall/kernel-NAME-HASH/, where HASH is of
# the arguments:
#
#   vmlinuz        to boot
#   modules.tar    what a network takes, in the order in which the guest loads it
#   packages       the Debian packages that they come from
#   SHA256SUMS     of the files above, checked before every use
#
# apt checks the packages against Debian's signature; it runs in a root of its own and leaves the host's alone. Once
# fetched, nothing is asked of a mirror again. Delete the directory to take the suite's newest. Debian's mirror is
# deb.debian.org, or what COMPACTSTALL_DEBIAN_MIRROR names.
set -eu

mirror=${COMPACTSTALL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
. "$(dirname "$0")/../cache.sh"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
# Each after those that it needs.
modules='failover net_failover virtio_net'

say() { echo "harness/machine/fetch.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# The newest package in the suite that matches.
newest() { # newest PATTERN
  found=
  for package in $(apt-cache pkgnames "${1%%\**}" | sort -V); do
    # shellcheck disable=SC2254  # a pattern is wanted
    case $package in $1) found=$package ;; esac
  done
  [ -n "$found" ] || fail "$suite on $mirror has no package $1"
  echo "$found"
}

# Downloads and unpacks the packages into ./root.
download() { # download PATTERN...
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
  for pattern; do
    package=$(newest "$pattern")
    apt-get -q download "$package"
  done
  for file in *.deb; do dpkg-deb -x "$file" root; done
}

# Takes what a machine needs out of ./root into ./result.
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
  (cd result && sha256sum vmlinuz modules.tar packages >SHA256SUMS)
}

fetch() ( # fetch DIRECTORY PATTERN...
  target=$1
  shift
  [ -r "$keys" ] || fail "$keys is missing. Install it with: sudo apt-get install debian-archive-keyring"
  say "fetching Linux $name from $suite (once)"
  scratch "kernel-$name"
  # set -e is ignored in a command that is tested, so this gets a shell of its own and is judged by its result.
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

[ $# -ge 3 ] || fail "usage: fetch.sh NAME SUITE PATTERN..."
hash=$(echo "$* $modules" | sha256sum | cut -c 1-12)
name=$1 suite=$2
shift 2
dir=$cache/kernel-$name-$hash
once "kernel-$name" "$dir" fetch "$dir" "$@"
(cd "$dir" && sha256sum --quiet --strict -c SHA256SUMS) >&2 ||
  fail "$dir is not what was fetched (above). Delete it, and it will be fetched again."
echo "$dir"
