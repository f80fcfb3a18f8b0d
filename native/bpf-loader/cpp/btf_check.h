// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>

#include <cstddef>
#include <vector>

namespace bpf {

// libbpf before 1.3 follows the references inside an object's BTF without looking whether there is a type or a string at the
// other end, and a damaged file then ends the process. Throws OPEN_FAILED for such an object; all else is left to libbpf.
void checkBtf(const std::vector<char>& object);

}  // namespace bpf
