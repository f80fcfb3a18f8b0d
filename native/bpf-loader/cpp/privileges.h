// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

namespace bpf {

struct User {
  uid_t uid;
  gid_t gid;
};

// Whether the kernel refuses bpf(2) without CAP_BPF even with an open descriptor (before 5.19).
bool bpfCallsNeedCapability();

// Why no call of bpf(2) or perf_event_open(2) reaches the kernel's own code, as under a seccomp filter: a positive errno, or 0
// when calls do.
int bpfRefusal();
int perfEventOpenRefusal();

// Gives up every capability in all threads of the process; a root process also becomes this user. The calling thread may
// keep CAP_BPF, and threads that it starts later inherit it.
void giveUpPrivileges(std::optional<User> user, bool keepBpf);

// The signal by which giveUpPrivileges() makes other threads drop their capabilities: the last real-time signal, which has no
// other use. Threads must not block it.
int dropSignal();

// Drops what a new thread of this library inherited from a thread that giveUpPrivileges() left with CAP_BPF. Before that
// call it drops nothing: libc changes the user of all threads at once, and aborts if one of them may not.
void dropInherited();

}  // namespace bpf
