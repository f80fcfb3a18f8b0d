// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>

#include "failure.h"
#include "object.h"

namespace bpf {

namespace {

ProgramStats statsOf(const std::string& name, int fd) {
  bpf_prog_info info = {};
  uint32_t length = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &length) != 0) {
    int error = errno;
    throw Failure("STATS_FAILED", "Cannot read the statistics of the BPF program '" + name + "': " + describe(error) +
                                      ". On some kernels this needs CAP_BPF: read them before giving it up.", error);
  }
  return {name, info.run_time_ns, info.run_cnt, info.recursion_misses};
}

}  // namespace

std::vector<ProgramStats> Object::programStats() const {
  std::vector<ProgramStats> out;
  for (bpf_program* program : loadedPrograms()) {
    out.push_back(statsOf(bpf_program__name(program), bpf_program__fd(program)));
  }
  for (const Adopted& one : adopted_) {
    if (one.program.valid()) out.push_back(statsOf(one.name, one.program.get()));
  }
  return out;
}

}  // namespace bpf
