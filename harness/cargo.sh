# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that build programs in Rust for tests. Few systems have a Rust that is new enough, so what needs it can be left out.

# Sets $compiler, the version of rustc, and $lacks, why it cannot be used; this is empty where it can.
find_cargo() { # find_cargo NEEDED-VERSION
  # Where rustup installs, which sudo takes out of PATH.
  PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
  compiler=$(rustc --version 2>/dev/null) && cargo --version >/dev/null 2>&1 || compiler=
  found=$(echo "$compiler" | cut -d ' ' -f 2)
  lacks=
  if [ "$(printf '%s\n%s\n' "$1" "$found" | sort -V | head -n 1)" != "$1" ]; then
    lacks="it needs cargo and rustc $1 or later in PATH or ~/.cargo/bin, and found ${compiler:-none}. Install Rust: https://rustup.rs"
  fi
  # Settings of the developer.
  unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
}
