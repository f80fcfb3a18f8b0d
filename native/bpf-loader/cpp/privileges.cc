// SPDX-License-Identifier: Apache-2.0
#include "privileges.h"

#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "failure.h"

namespace bpf {

namespace {

constexpr int kCapBpf = 39;
// Nobody else uses the last real-time signal.
const int kSignal = SIGRTMAX;
constexpr int kWaitUs = 100;
constexpr int kMostWaits = 10000;

// capset(2) is for one thread; libc has no wrapper that would do it for all.
bool setCapabilities(bool bpf) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (bpf) sets[kCapBpf / 32].permitted = sets[kCapBpf / 32].effective = 1U << kCapBpf % 32;
  return syscall(SYS_capset, &header, sets) == 0;
}

Failure failure(const std::string& what, int error) {
  return Failure("PRIVILEGES_FAILED", "Cannot give up privileges: " + what + ": " + describe(error) + ".", error);
}

void check(bool done, const char* what) {
  if (!done) throw failure(what, errno);
}

std::atomic<int> dropped;
std::atomic<bool> givenUp;

void onSignal(int) {
  int saved = errno;
  if (setCapabilities(false)) dropped++;
  errno = saved;
}

// Has a thread drop its capabilities by itself, as nobody else can.
void dropIn(pid_t thread) {
  int before = dropped;
  if (syscall(SYS_tgkill, getpid(), thread, kSignal) < 0) {
    if (errno == ESRCH) return;
    throw failure("tgkill", errno);
  }
  for (int waited = 0; dropped == before; waited++) {
    if (syscall(SYS_tgkill, getpid(), thread, 0) < 0) return;
    if (waited == kMostWaits) throw failure("thread " + std::to_string(thread) + " blocks signals", ETIMEDOUT);
    usleep(kWaitUs);
  }
}

std::vector<pid_t> threads() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

// A thread that starts has the capabilities of the one that starts it: so until there is none that was not asked.
void dropInOtherThreads() {
  struct sigaction action = {}, before;
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  check(sigaction(kSignal, &action, &before) == 0, "sigaction");
  std::set<pid_t> asked = {gettid()};
  try {
    for (bool more = true; more;) {
      more = false;
      for (pid_t thread : threads()) {
        if (!asked.insert(thread).second) continue;
        dropIn(thread);
        more = true;
      }
    }
  } catch (...) {
    sigaction(kSignal, &before, nullptr);
    throw;
  }
  sigaction(kSignal, &before, nullptr);
}

}  // namespace

void dropInherited() {
  if (givenUp) setCapabilities(false);
}

// Asked in a thread that has no capabilities: is a look-up refused, or only the descriptor, which is none?
bool bpfCallsNeedCapability() {
  bool refused = false;
  std::thread([&refused] {
    bpf_attr attributes = {};
    attributes.map_fd = static_cast<__u32>(-1);
    if (!setCapabilities(false)) return;
    refused = syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attributes, sizeof(attributes)) < 0 && errno == EPERM;
  }).join();
  return refused;
}

void giveUpPrivileges(std::optional<User> user, bool keepBpf) {
  // Any process of this user may send it, and Node.js would open its debugger for all who can connect to the host.
  check(signal(SIGUSR1, SIG_IGN) != SIG_ERR, "signal");
  // The signal that whoever started this process wants it to get at its own end; another user means none.
  int atParentsEnd = 0;
  check(prctl(PR_GET_PDEATHSIG, &atParentsEnd, 0, 0, 0) == 0, "prctl");
  if (user) {
    if (prctl(PR_GET_SECUREBITS) & SECBIT_NO_SETUID_FIXUP) throw failure("securebits keep them in other threads", EINVAL);
    // libc does these in all threads; with the last of them they lose their capabilities.
    check(prctl(PR_SET_KEEPCAPS, keepBpf ? 1 : 0, 0, 0, 0) == 0, "prctl");
    check(setgroups(0, nullptr) == 0, "setgroups");
    check(setresgid(user->gid, user->gid, user->gid) == 0, "setresgid");
    check(setresuid(user->uid, user->uid, user->uid) == 0, "setresuid");
  } else {
    dropInOtherThreads();
  }
  check(setCapabilities(keepBpf), "capset");
  givenUp = true;
  check(prctl(PR_SET_PDEATHSIG, atParentsEnd, 0, 0, 0) == 0, "prctl");
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl");
  // What is open is more than other processes of this user have. Of one that was root the kernel does it by itself.
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
}

}  // namespace bpf
