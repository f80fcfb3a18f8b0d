// SPDX-License-Identifier: Apache-2.0
#include "integer.h"

namespace bpf {

namespace {

bool isInteger(const btf_type* type) { return btf_is_int(type) || btf_is_any_enum(type); }

bool mayBeNegative(const btf_type* type) {
  // Before LLVM 15 BTF does not have the signedness of an enum, so an enum takes both ranges.
  if (btf_is_any_enum(type)) return true;
  return (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
}

bool mayUseTopBit(const btf_type* type) { return btf_is_any_enum(type) || !mayBeNegative(type); }

template <class Word>
void store(void* address, uint64_t bits) {
  __atomic_store_n(static_cast<Word*>(address), static_cast<Word>(bits), __ATOMIC_SEQ_CST);
}

}  // namespace

IntegerType IntegerType::of(const btf* types, uint32_t typeId) {
  IntegerType out;
  int resolved = btf__resolve_type(types, typeId);
  if (resolved < 0) return out;
  const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(resolved));
  if (type == nullptr || !isInteger(type)) return out;
  uint32_t size = type->size;
  if (size != 1 && size != 2 && size != 4 && size != 8) return out;
  out.size = size;
  uint64_t topBit = uint64_t{1} << (size * 8 - 1);
  if (btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_BOOL)) {
    out.most.magnitude = 1;
    return out;
  }
  if (mayBeNegative(type)) out.least = {true, topBit};
  out.most.magnitude = mayUseTopBit(type) ? topBit - 1 + topBit : topBit - 1;
  return out;
}

bool IntegerType::holds(const Integer& value) const {
  return value.magnitude <= (value.negative ? least.magnitude : most.magnitude);
}

void storeInteger(void* address, uint32_t size, const Integer& value) {
  uint64_t bits = value.negative ? ~value.magnitude + 1 : value.magnitude;
  switch (size) {
    case 1:
      store<uint8_t>(address, bits);
      break;
    case 2:
      store<uint16_t>(address, bits);
      break;
    case 4:
      store<uint32_t>(address, bits);
      break;
    default:
      store<uint64_t>(address, bits);
  }
  // A sequentially consistent store alone does not order later plain loads on every architecture. A reader that arms a
  // flag and then checks the ring again depends on this.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

}  // namespace bpf
