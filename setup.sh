#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs and builds what is missing; quick when nothing is. Progress goes to stderr, so that stdout stays the command's.
#
#   ./setup.sh            what running needs
#   ./setup.sh start ...  what the command that follows needs: only run and unpin need a compiler, and doctor goes on without one
#   ./setup.sh unit       what unit tests need: Node.js packages, and no compiler
#   ./setup.sh test       what `npm test` needs: also programs that stall
#   ./setup.sh example    what `npm run example` needs: also Go, which builds the Collector and Jaeger
#   ./setup.sh demo       what `npm run demo` needs: also an emulator, and a receiver of spans
#   ./setup.sh package    what `npm pack` needs: also the native parts of the packages, for x64 and arm64
#   ./setup.sh all        everything
#
# One list names what is missing, with the command that installs it.
set -eu
cd "$(dirname "$0")"
# The pinned Node comes from npm; the system's Node only runs npm. The last two folders hold mke2fs and Go, and may not be in the PATH.
PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/usr/local/go/bin"

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }
# What the host lacks, as opposed to what is broken.
lacks() { say "$*"; exit 3; }

wanted=${1:-run}
without_compiler=
if [ "$wanted" = start ]; then
  wanted=run
  case ${2:-} in
    replay | summary | report | correlate | config | status | spool) wanted=unit ;;
    doctor) without_compiler=yes ;;
  esac
  for word; do
    case $word in --help | -h | --version) wanted=unit ;; esac
  done
fi
case $wanted in
  unit | run | test | example | demo | package | all) ;;
  *) fail "there is no '$wanted' to set up; there are unit, run, test, example, demo, package and all" ;;
esac
for_any() { # for_any WORD...: true when one of them is what is set up
  case " $* " in *" $wanted "*) return 0 ;; *) return 1 ;; esac
}

# --- System packages: each with a file that shows that it is there ---------------------------------------------------

missing=
need() { # need package file-or-command
  case $2 in
    /*) [ -e "$2" ] || missing="$missing $1" ;;
    *) command -v "$2" >/dev/null 2>&1 || missing="$missing $1" ;;
  esac
}
if ! for_any unit; then
  multiarch=$(gcc -print-multiarch 2>/dev/null || echo "$(uname -m)-linux-gnu")
  need make make
  need g++ g++
  need clang clang
  need llvm llvm-strip
  need libbpf-dev /usr/include/bpf/libbpf.h
  need libelf-dev /usr/include/libelf.h
  need zlib1g-dev /usr/include/zlib.h
  need linux-libc-dev "/usr/include/$multiarch/asm/types.h"
fi
if for_any test demo all; then
  # Lists the kernel's BPF objects; an emulated machine uses the host's bpftool.
  need bpftool /usr/sbin/bpftool
fi
if for_any test all; then
  # Publishers of thread contexts, for the other libc.
  need musl-tools musl-gcc
  # Rotates a recording.
  need logrotate /usr/sbin/logrotate
fi
if for_any package all; then
  # Unpacks the source of libelf.
  need bzip2 bzip2
fi
if for_any test demo package all; then
  # pip installs a receiver of spans, and the compiler of packages.
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
fi
if for_any example all; then
  # Builds the Collector and Jaeger; it fetches the newer toolchain that they need by itself.
  need golang-go go
fi
if for_any all; then
  # An authority and certificates for a Collector with TLS.
  need openssl openssl
  # Root file systems of other Linuxes.
  need debootstrap debootstrap
  # The image: in a container, as a registry takes it, and with the documented command.
  need runc runc
  need podman podman
  need skopeo skopeo
  # A service with a tracer for Java.
  need default-jdk-headless javac
  # Opens reports.
  need chromium chromium
  need fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
  # Shells that complete options, and readers of manual pages.
  need bash-completion /usr/share/bash-completion/bash_completion
  need zsh zsh
  need fish fish
  need man-db man
  need mandoc mandoc
  # The Debian package.
  need debhelper dh
  need lintian lintian
fi
if for_any demo || { for_any all && [ "$(uname -m)" = x86_64 ] && command -v apt-get >/dev/null 2>&1; }; then
  # The emulated machines. Where they are not available, npm test names what it leaves out.
  need qemu-system-x86 qemu-system-x86_64
  if for_any all; then
    # Machines of arm64, and the programs that stall in them.
    need qemu-system-arm qemu-system-aarch64
    need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
    need libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include/stdio.h
    # A disk whose power is cut.
    need xfsprogs /usr/sbin/mkfs.xfs
  fi
  need busybox-static busybox
  need e2fsprogs mke2fs
  need xz-utils xz
  need debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
fi

if [ -n "$missing" ] && [ -n "$without_compiler" ]; then
  say "missing:$missing. Without them the kernel's part cannot be built; going on."
  wanted=unit
elif [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 ||
    lacks "missing:$missing. This is no Debian or Ubuntu: install your distribution's packages of that kind, then run this again."
  [ "$(id -u)" = 0 ] || lacks "missing:$missing. Install them with: sudo apt-get install --no-install-recommends$missing"
  say "installing Debian packages:$missing"
  log=$(mktemp)
  # shellcheck disable=SC2086  # a list of words
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get could not install them (above). Try: apt-get install --no-install-recommends$missing"
  }
  rm -f "$log"
fi

# --- npm packages: again when the lock file changed -------------------------------------------------------------------

stamp=node_modules/.compactstall-lock
if ! cmp -s package-lock.json "$stamp"; then
  command -v npm >/dev/null 2>&1 || lacks "npm is missing. Install Node.js with npm: sudo apt-get install npm"
  say "installing npm packages (a pinned Node.js among them)"
  npm ci --loglevel=error --no-audit --no-fund >&2 || fail "npm ci failed (above). Is the npm registry reachable?"
  cp package-lock.json "$stamp"
fi

# --- Build --------------------------------------------------------------------------------------------------------------

# newer DIR... TARGET: true when TARGET is missing or older than a source
newer() {
  for target; do :; done
  [ -e "$target" ] || return 0
  [ -n "$(find "$@" -newer "$target" \( -name '*.ts' -o -name '*.js*' -o -name '*.sh' -o -name '*.css' -o -name '*.html' -o -type d \) -print -quit 2>/dev/null)" ]
}

# made DIRECTORY TARGET...
made() {
  make -q -C "$@" >/dev/null 2>&1 && return
  say "building $1/"
  make --silent -C "$@" >&2 || fail "building $1/ failed (above)"
}
if ! for_any unit; then
  made native/bpf-loader all
  made bpf
  made native/process-context all
  made native/prober-supervisor all
fi
if for_any test example demo all; then
  made harness/programs/fragment
fi
if for_any all; then
  made harness/programs/feeder
  made native/bpf-loader sanitized
  made native/prober-supervisor sanitized
  made native/process-context sanitized
fi
if for_any package all; then
  made native/portable
fi
if for_any test all; then
  made native/bpf-loader test-object
  made harness/programs/refusal
  made harness/programs/publishers
  made harness/programs/stalls
  made harness/programs/starts
fi
if newer native/bpf-loader/src native/bpf-loader/tsconfig.json tsconfig.json native/bpf-loader/dist/.built; then
  say "compiling native/bpf-loader/src"
  tsc -p native/bpf-loader >&2 || fail "compiling native/bpf-loader/src failed (above)"
  touch native/bpf-loader/dist/.built
fi
if newer src native/bpf-loader/dist tsconfig.json rolldown.config.js package.json dist/.built; then
  say "compiling src"
  # Builds beside the old folder: a running agent may still import from it.
  rm -rf build/dist
  tsc -p tsconfig.json >&2 || fail "compiling src failed (above)"
  rolldown --config >build/rolldown.log 2>&1 || { cat build/rolldown.log >&2; fail "bundling src failed (above)"; }
  for command in compactstall compactsnoop; do cp src/bin/command.sh build/dist/bin/$command; done
  touch build/dist/.built
  rm -rf dist
  mv build/dist dist
fi
if for_any package all && ! [ dist/sbom.cdx.json -nt dist/.built ]; then
  node packaging/shell-files.ts dist/share >&2 || fail "writing manual pages failed (above)"
  node packaging/notices.ts dist >&2 || fail "listing the parts of others failed (above)"
fi
