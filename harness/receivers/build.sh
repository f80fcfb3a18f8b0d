#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the receivers of the tests, the OpenTelemetry Collector, Jaeger v2 and Prometheus, from pinned Go modules.
#
#   harness/receivers/build.sh [collector] [jaeger] [prometheus]      all when none is named
#
# Standard output: one line "name=path" for each. The binaries live outside the repository, in
# ${XDG_CACHE_HOME:-~/.cache}/compactstall/NAME-VERSION-HASH/, where HASH is of the manifest here: only a changed manifest
# needs a new build. Delete that directory to build again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../toolchain/cache.sh"
. "$here/../go.sh"

say() { echo "harness/receivers/build.sh: $*" >&2; }

build_collector() {
  builder=$(sed -n 's/^  version: *//p' "$here/collector/builder.yaml")
  go run "go.opentelemetry.io/collector/cmd/builder@v$builder" --config "$here/collector/builder.yaml"
  mv build/otelcol collector # the place and the name are set in builder.yaml
  rm -r build
}

build_jaeger() { build_tool jaeger github.com/jaegertracing/jaeger/cmd/jaeger; }

# Without the clients of all the clouds in which it could look for targets; and beside it promtool, which checks and tests rules.
build_prometheus() (
  for program in promtool prometheus; do
    go -C "$here/prometheus" build -mod=readonly -trimpath -ldflags '-s -w' -tags remove_all_sd -o "$PWD/$program" \
      "github.com/prometheus/prometheus/cmd/$program"
  done
)

[ $# -gt 0 ] || set -- collector jaeger prometheus
for backend in "$@"; do
  case $backend in
    collector)
      version=$(sed -n 's/^  version: *//p' "$here/collector/builder.yaml")
      ensure collector "$version" 4 "$here/collector/builder.yaml"
      ;;
    jaeger)
      version=$(sed -n 's|.*github.com/jaegertracing/jaeger v\([^ ]*\).*|\1|p' "$here/jaeger/go.mod")
      ensure jaeger "$version" 5 "$here/jaeger/go.mod" "$here/jaeger/go.sum"
      ;;
    prometheus)
      version=$(sed -n 's|.*github.com/prometheus/prometheus v\([^ ]*\).*|\1|p' "$here/prometheus/go.mod")
      ensure prometheus "$version" 3 "$here/prometheus/go.mod" "$here/prometheus/go.sum"
      ;;
    *)
      say "$backend is not one of: collector, jaeger, prometheus"
      exit 2
      ;;
  esac
done
