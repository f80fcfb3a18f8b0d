# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced, after cache.sh, by scripts that build programs for tests from pinned Go modules. They define `say`, `here`, and for each
# program a build_NAME, which leaves the binary NAME, and what belongs to it, in the current (empty, temporary) directory.

# The newest Go that a manifest demands. Go from 1.21 on can fetch a newer one as a module; it then takes exactly go_fetched.
go_needed=1.26.7
go_fetched=go1.26.8

at_least() { # at_least 1.26.8 1.25.0
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Debian 12's Go 1.19 does not know toolchains, but a toolchain is an ordinary module, with an ordinary checksum. Unpacked, it
# only lacks the permission to execute.
fetch_go() {
  module=golang.org/toolchain@v0.0.1-$go_fetched.linux-$(go env GOARCH)
  scratch=$(mktemp -d)
  if ! (cd "$scratch" && echo 'module fetch' >go.mod && go mod download "$module"); then
    rm -rf "$scratch"
    say "the Go module proxy did not give $module (above). Install Go $go_needed or later by other means."
    exit 1
  fi
  rm -rf "$scratch"
  root=$(go env GOMODCACHE)/$module
  chmod -R +x "$root/bin" "$root/pkg/tool"
  PATH=$root/bin:$PATH
}

find_go() {
  # sudo takes /usr/local/go/bin, where Go's own archive unpacks, out of PATH.
  PATH=$PATH:/usr/local/go/bin
  export PATH
  if ! command -v go >/dev/null; then
    say "there is no Go here, which builds programs for the tests." \
      "Install one: sudo apt-get install --no-install-recommends golang-go"
    exit 1
  fi
  go_version=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
  go_version=${go_version#go}
  if at_least "$go_version" "$go_needed"; then
    export GOTOOLCHAIN=local
  elif at_least "$go_version" 1.21; then
    say "Go $go_version is older than $go_needed; it will fetch $go_fetched by itself."
    export GOTOOLCHAIN=$go_fetched
  else
    say "Go $go_version is older than $go_needed; fetching $go_fetched."
    fetch_go
    export GOTOOLCHAIN=local
  fi
  # Without a C compiler, shared libraries, or settings of the developer.
  export CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false
  unset GOOS GOARCH
}

# `go install` refuses a module with replace lines, and a main package cannot be imported. It can be built as a tool of the
# module here, with that module's versions.
build_tool() { # build_tool NAME PACKAGE [FLAG...]
  target=$PWD/$1 package=$2
  cd "$here/$1"
  shift 2
  go build -mod=readonly -trimpath -ldflags '-s -w' "$@" -o "$target" "$package"
}

ensure() { # ensure NAME VERSION MINUTES MANIFEST...
  name=$1 version=$2 minutes=$3
  shift 3
  dir=$cache/$name-$version-$(cat "$@" | sha256sum | cut -c 1-12)
  once "$name" "$dir" build "$name" "$version" "$minutes" "$dir"
  echo "$name=$dir/$name"
}

build() (
  name=$1 version=$2 minutes=$3 dir=$4
  find_go
  say "building $name $version (about $minutes minutes on two cores; once)"
  scratch "$name"
  log=$tmp/log
  started=$(date +%s)
  mkdir "$tmp/work" "$tmp/tmp"
  export TMPDIR="$tmp/tmp" # the collector's builder leaves an empty directory there
  # The shell ignores set -e in a tested command, so the build runs in a subshell, and its result shows whether it succeeded.
  (
    cd "$tmp/work"
    set +e
    (set -e; "build_$name")
    echo $? >"$tmp/status"
  ) >"$log" 2>&1 9>&-
  if [ "$(cat "$tmp/status")" != 0 ] || ! [ -x "$tmp/work/$name" ]; then
    tail -n 40 "$log" >&2
    say "building $name $version failed; the last lines of its output are above."
    exit 1
  fi
  mv -T "$tmp/work" "$dir"
  say "$name $version is ready after $(($(date +%s) - started)) s"
)
