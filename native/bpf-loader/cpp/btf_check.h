// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>

#include <cstddef>
#include <vector>

namespace bpf {

// Checks the references inside an object's BTF. libbpf before 1.3 follows them without checking that there is a type or a
// string, and a damaged file ends the process. Throws OPEN_FAILED for such an object; libbpf checks the rest.
void checkBtf(const std::vector<char>& object);

}  // namespace bpf
