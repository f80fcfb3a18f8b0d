// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace bpf {

// Readings of three clocks. The other two were read within uncertaintyNs of monotonicNs.
struct Clocks {
  uint64_t monotonicNs;
  uint64_t realtimeNs;
  uint64_t boottimeNs;
  uint64_t uncertaintyNs;
};

Clocks readClocks();

}  // namespace bpf
