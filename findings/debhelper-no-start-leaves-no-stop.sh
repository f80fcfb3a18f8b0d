#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debhelper 13.11.4 (Debian 12): with `dh_installsystemd --no-start`, a removal of the package does not stop the service.
#
# A package that does not start its service by itself, because an address has to be set first, says --no-start. One expects that the
# scripts after the installation change, and nothing else. But the part of prerm that stops the service at the removal goes as well.
# An administrator starts the service, removes the package some day, and the process runs on from files that are gone. Such a package
# has to bring its own prerm.
#
# Seen: without the option, prerm stops the service at "remove". With it there is no prerm.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
timeout 300 apt-get -qq -o APT::Sandbox::User= download debhelper=13.11.4 libdebhelper-perl=13.11.4 libdpkg-perl
for package in *.deb; do dpkg-deb -x "$package" root; done
export PERL5LIB="$folder/root/usr/share/perl5"
export DH_AUTOSCRIPTDIR="$folder/root/usr/share/debhelper/autoscripts"

mkdir -p package/debian
cd package
cat >debian/control <<'END'
Source: sample
Maintainer: Sample <sample@example.org>
Build-Depends: debhelper-compat (= 13)

Package: sample
Architecture: all
Description: a service
END

# Prints the action in prerm that stops the service, if there is one.
stopped_by() {
  rm -rf debian/.debhelper debian/sample debian/sample.*
  printf '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n' >debian/sample.service
  timeout 60 "$folder/root/usr/bin/dh_installsystemd" "$@"
  cat debian/.debhelper/generated/sample/prerm.service 2>/dev/null | grep -o 'deb-systemd-invoke stop' || echo nothing
}

seen=$(
  echo "by default: $(stopped_by)"
  echo "with --no-start: $(stopped_by --no-start)"
)
echo "$seen"
[ "$seen" = 'by default: deb-systemd-invoke stop
with --no-start: nothing' ] || {
  echo 'the behaviour has changed'
  exit 1
}
echo 'as described'
