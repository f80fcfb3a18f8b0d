#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the tests of the chart need, from pinned Go modules: Helm; the OpenAPI of Kubernetes, which its API servers publish; and
# a program that adds containerd's default seccomp profile to a runtime specification.
#
#   harness/kubernetes/build.sh
#
# Standard output: helm=PATH, seccomp=PATH and openapi=FOLDER, in ${XDG_CACHE_HOME:-~/.cache}/compactstall/. Delete what is there
# to build again.
set -eu

kubernetes=v1.37.2
kubernetes_sum=h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../toolchain/cache.sh"
. "$here/../go.sh"

say() { echo "harness/kubernetes/build.sh: $*" >&2; }

build_helm() { build_tool helm helm.sh/helm/v4/cmd/helm; }
build_seccomp() { build_tool seccomp .; }

openapi() { # openapi FOLDER
  find_go
  (cd "$tmp" && go mod download -json "k8s.io/kubernetes@$kubernetes") >"$tmp/module"
  field() { sed -n "s/^\t\"$1\": \"\(.*\)\",*\$/\1/p" "$tmp/module"; }
  [ "$(field Sum)" = "$kubernetes_sum" ] || { say "k8s.io/kubernetes $kubernetes has another hash: $(field Sum)"; exit 1; }
  mkdir "$1"
  for group in api__v1 apis__apps__v1; do cp "$(field Dir)/api/openapi-spec/v3/${group}_openapi.json" "$1/"; done
}

version=$(sed -n 's|.*helm.sh/helm/v4 v\([^ ]*\).*|\1|p' "$here/helm/go.mod")
ensure helm "$version" 4 "$here/helm/go.mod" "$here/helm/go.sum"
version=$(sed -n 's|.*containerd/v2 v\([^ ]*\).*|\1|p' "$here/seccomp/go.mod")
ensure seccomp "$version" 1 "$here/seccomp/go.mod" "$here/seccomp/go.sum" "$here/seccomp/main.go"
install kubernetes-openapi "$kubernetes $kubernetes_sum" "the OpenAPI of Kubernetes (20 MB)" openapi
echo "openapi=$folder"
