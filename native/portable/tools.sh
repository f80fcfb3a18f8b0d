#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches what the Makefile beside it needs, once, into ${XDG_CACHE_HOME:-~/.cache}/compactstall. Prints what make includes:
#
#   zig := COMMAND        the compiler, from PyPI
#   headers := FOLDER     which comes with headers of Linux: ARCH-linux-any/ and any-linux-any/
#   export ZIG_...        where the compiler keeps what it built of its own libraries
#   libraries := FOLDER   libbpf/, elfutils/ and zlib/: the sources of Debian's packages, each checked by its hash
set -eu
cd "$(dirname "$0")"
. ../../toolchain/cache.sh
. ../../toolchain/mirror.sh

say() { echo "native/portable/tools.sh: $*" >&2; }

# Folder, archive in Debian's pool, its hash.
sources='
libbpf main/libb/libbpf/libbpf_1.5.0.orig.tar.gz 53492aff6dd47e4da04ef5e672d753b9743848bdb38e9d90eafbe190b7983c44
elfutils main/e/elfutils/elfutils_0.192.orig.tar.bz2 616099beae24aba11f9b63d86ca6cc8d566d968b802391334c91df54eab416b4
zlib main/z/zlib/zlib_1.3.dfsg+really1.3.1.orig.tar.gz 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
'

unpack() { # unpack FOLDER
  mkdir "$1"
  echo "$sources" | while read -r name path hash; do
    [ -n "$name" ] || continue
    archive=$tmp/${path##*/}
    /usr/lib/apt/apt-helper download-file "$mirror/pool/$path" "$archive" "SHA256:$hash"
    mkdir "$1/$name"
    tar -C "$1/$name" --strip-components=1 -xf "$archive"
  done
}

install_python zig "a compiler for all targets (a quarter of a minute)" requirements.txt
zig=$folder/bin/python
mirror=$(debian_mirror)
[ -n "$mirror" ] || {
  say "apt has no Debian mirror here. Name one: COMPACTSTALL_DEBIAN_MIRROR=http://.../debian"
  exit 1
}
install libraries "$sources" "the sources of libbpf, libelf and zlib" unpack
echo "zig := $zig -m ziglang"
echo "headers := $("$zig" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')/lib/libc/include"
echo "libraries := $folder"
echo "export ZIG_GLOBAL_CACHE_DIR := $cache/zig-objects"
echo "export ZIG_LOCAL_CACHE_DIR := $cache/zig-objects"
