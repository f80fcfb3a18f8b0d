#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs setproctitle from PyPI, pinned with hashes: gunicorn, Celery and others use it to change the title that ps shows.
# The last line of the standard output is the path of the Python that has it.
#
# The folder is ${XDG_CACHE_HOME:-~/.cache}/compactstall/setproctitle-HASH/; delete it to install again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/setproctitle/install.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"

install_python setproctitle "setproctitle (some seconds)" "$here/requirements.txt"
echo "$folder/bin/python"
