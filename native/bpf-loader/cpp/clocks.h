// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace bpf {

// Three clocks at one instant. The true monotonic time of the other two readings is within uncertaintyNs of monotonicNs.
struct Clocks {
  uint64_t monotonicNs;
  uint64_t realtimeNs;
  uint64_t boottimeNs;
  uint64_t uncertaintyNs;
};

Clocks readClocks();

}  // namespace bpf
