#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the receiver to which `npm test` sends spans: Datadog's APM test agent. It decodes OTLP over gRPC and HTTP with
# grpcio, protobuf and opentelemetry-proto. It comes from PyPI in seconds, pinned with hashes in test-agent/requirements.txt.
# The last line of the standard output is the path of the Python that has it.
#
# The folder is ${XDG_CACHE_HOME:-~/.cache}/compactstall/receiver-HASH/; delete it to install again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "harness/receivers/install.sh: $*" >&2; }
. "$here/../../toolchain/cache.sh"

install_python receiver "the receiver of spans (a quarter of a minute)" "$here/test-agent/requirements.txt"
echo "$folder/bin/python"
