// SPDX-License-Identifier: Apache-2.0
// An integer from JavaScript, and its store into an integer variable that BTF describes.
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <string>

namespace bpf {

struct Integer {
  bool negative = false;
  uint64_t magnitude = 0;

  std::string text() const { return (negative ? "-" : "") + std::to_string(magnitude); }
};

struct IntegerType {
  uint32_t size = 0;  // bytes; 0 when the variable is not an integer of 1, 2, 4 or 8 bytes
  Integer least;
  Integer most;

  // Follows const, volatile and typedefs; bool and enums are integers.
  static IntegerType of(const btf* types, uint32_t typeId);

  bool holds(const Integer& value) const;
};

// Makes one store of `size` bytes, sequentially consistent and followed by a full barrier.
void storeInteger(void* address, uint32_t size, const Integer& value);

}  // namespace bpf
