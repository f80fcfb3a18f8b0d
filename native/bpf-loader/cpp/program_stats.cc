// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>

#include "failure.h"
#include "object.h"

namespace bpf {

std::vector<ProgramStats> Object::programStats() const {
  std::vector<ProgramStats> out;
  for (bpf_program* program : loadedPrograms()) {
    bpf_prog_info info = {};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) != 0) {
      int error = errno;
      throw Failure("STATS_FAILED", std::string("Cannot read the statistics of the BPF program '") +
                                        bpf_program__name(program) + "': " + describe(error) +
                                        ". On some kernels this needs CAP_BPF: read them before giving it up.", error);
    }
    out.push_back({bpf_program__name(program), info.run_time_ns, info.run_cnt, info.recursion_misses});
  }
  return out;
}

}  // namespace bpf
