// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace bpf {

// unreadRecords() of a ring buffer map that is pinned.
uint64_t unreadPinnedRecords(const std::string& path, uint32_t longerThan);

}  // namespace bpf
