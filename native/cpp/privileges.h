// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace bpf {

// Becomes this user in all threads of the process, and gives up every capability; for a process that is root. Where the
// kernel allows bpf(2) to nobody without CAP_BPF, not even with an open descriptor (before 5.19), the calling thread keeps
// that one. Returns whether it did.
bool becomeUser(uid_t uid, gid_t gid);

}  // namespace bpf
