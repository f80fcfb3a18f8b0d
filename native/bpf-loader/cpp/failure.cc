// SPDX-License-Identifier: Apache-2.0
#include "failure.h"

#include <bpf/libbpf.h>

namespace bpf {

std::string describe(int error) {
  // The kernel's internal ENOTSUPP reaches user space from some attach types, and strerror does not know it.
  if (error == 524) return "Operation not supported";
  char text[256] = "";
  libbpf_strerror(error, text, sizeof(text));
  return text;
}

}  // namespace bpf
