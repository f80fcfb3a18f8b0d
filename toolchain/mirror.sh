# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that take packages from Debian.

# Prints COMPACTSTALL_DEBIAN_MIRROR, or else the Debian mirror that apt is configured with, or nothing without one.
debian_mirror() {
  if [ -n "${COMPACTSTALL_DEBIAN_MIRROR:-}" ]; then
    echo "$COMPACTSTALL_DEBIAN_MIRROR"
    return
  fi
  # shellcheck disable=SC1091
  codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}") || codename=
  # Origin and label come with the lists of packages. Before the first `apt-get update` apt knows only the names of suites.
  apt-get indextargets --format '$(COMPONENT)|$(RELEASE)|$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -F '|' -v codename="$codename" '
      $1 != "main" { next }
      $3 == "Debian" && $4 == "Debian" { print $5; exit }
      $3 == "" && codename != "" && ($2 == codename || $2 ~ /^(oldstable|stable|testing|unstable|sid)$/) { print $5; exit }' |
    sed 's,/*$,,'
}

debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# Sets up an apt for one suite in ./apt, which downloads from $mirror and leaves the host's apt alone. It needs no privilege.
separate_apt() { # separate_apt ARCHITECTURE SUITE
  mkdir -p apt/state/lists/partial apt/cache/archives/partial
  echo "deb [arch=$1 signed-by=$debian_keys] $mirror $2 main" >apt/sources.list
  cat >apt/apt.conf <<-END
	Dir::State "$PWD/apt/state";
	Dir::State::status "/dev/null";
	Dir::Cache "$PWD/apt/cache";
	Dir::Etc::sourcelist "$PWD/apt/sources.list";
	Dir::Etc::sourceparts "-";
	APT::Architecture "$1";
	APT::Architectures "$1";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	END
  export APT_CONFIG="$PWD/apt/apt.conf"
  apt-get -q --error-on=any update
}
