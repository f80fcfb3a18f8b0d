// SPDX-License-Identifier: Apache-2.0
#include "privileges.h"

#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "failure.h"

namespace bpf {

namespace {

constexpr int kCapBpf = 39;

// capset(2) is for one thread; libc has no wrapper that would do it for all.
bool setCapabilities(bool bpf) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (bpf) sets[kCapBpf / 32].permitted = sets[kCapBpf / 32].effective = 1U << kCapBpf % 32;
  return syscall(SYS_capset, &header, sets) == 0;
}

// Asked in a thread that has no capabilities: is a look-up refused, or only the descriptor, which is none?
bool callsNeedCapability() {
  bool refused = false;
  std::thread([&refused] {
    bpf_attr attributes = {};
    attributes.map_fd = static_cast<__u32>(-1);
    if (!setCapabilities(false)) return;
    refused = syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attributes, sizeof(attributes)) < 0 && errno == EPERM;
  }).join();
  return refused;
}

void check(bool done, const char* what) {
  if (done) return;
  throw Failure("PRIVILEGES_FAILED", std::string("Cannot give up root: ") + what + " failed: " + describe(errno) + ".",
                errno);
}

}  // namespace

bool becomeUser(uid_t uid, gid_t gid) {
  bool keep = callsNeedCapability();
  check(prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) == 0, "prctl");
  check(setgroups(0, nullptr) == 0, "setgroups");
  check(setresgid(gid, gid, gid) == 0, "setresgid");
  check(setresuid(uid, uid, uid) == 0, "setresuid");
  check(setCapabilities(keep), "capset");
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl");
  return keep;
}

}  // namespace bpf
