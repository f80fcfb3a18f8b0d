// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

namespace bpf {

struct User {
  uid_t uid;
  gid_t gid;
};

// Gives up every capability in all threads of the process; a process that is root becomes this user as well. Where the
// kernel allows bpf(2) to nobody without CAP_BPF, not even with an open descriptor (before 5.19), the calling thread keeps
// that one. Returns whether it did.
bool giveUpPrivileges(std::optional<User> user);

}  // namespace bpf
