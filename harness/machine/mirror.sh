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
