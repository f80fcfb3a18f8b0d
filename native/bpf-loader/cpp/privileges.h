// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

namespace bpf {

struct User {
  uid_t uid;
  gid_t gid;
};

// Whether the kernel allows bpf(2) to nobody without CAP_BPF, not even with an open descriptor (before 5.19).
bool bpfCallsNeedCapability();

// Gives up every capability in all threads of the process; a process that is root becomes this user as well. The calling
// thread may keep CAP_BPF; what it starts after that has it, too.
void giveUpPrivileges(std::optional<User> user, bool keepBpf);

// For a thread of this library, when it starts: what giveUpPrivileges() left to the thread that started it is not for this one.
// Before that nothing is dropped: libc changes the user of all threads at once, and aborts where one of them may not.
void dropInherited();

}  // namespace bpf
