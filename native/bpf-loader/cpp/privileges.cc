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
#include <system_error>
#include <thread>
#include <vector>

#include "failure.h"

namespace bpf {

namespace {

constexpr int kCapBpf = 39;
constexpr int kWaitUs = 100;
constexpr int kMostWaits = 10000;

// capset(2) changes one thread, and libc has no wrapper that changes all.
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
  // Otherwise a thread of root could gain them again by exec.
  if (setCapabilities(false) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) dropped++;
  errno = saved;
}

// Makes a thread drop its capabilities: only the thread itself can.
void dropIn(pid_t thread) {
  int before = dropped;
  if (syscall(SYS_tgkill, getpid(), thread, dropSignal()) < 0) {
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

// Repeats until no new thread appears: a new thread inherits the capabilities of the thread that starts it. After a failure the
// handler stays: the signal waits for a thread that blocks it, and without the handler would end the process.
void dropInOtherThreads() {
  struct sigaction action = {}, before;
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  check(sigaction(dropSignal(), &action, &before) == 0, "sigaction");
  // gettid() is of glibc 2.30.
  std::set<pid_t> asked = {static_cast<pid_t>(syscall(SYS_gettid))};
  for (bool more = true; more;) {
    more = false;
    for (pid_t thread : threads()) {
      if (!asked.insert(thread).second) continue;
      dropIn(thread);
      more = true;
    }
  }
  sigaction(dropSignal(), &before, nullptr);
}

}  // namespace

int dropSignal() { return SIGRTMAX; }

void dropInherited() {
  if (givenUp) setCapabilities(false);
}

namespace {

// The errno of a call that makes no sense, if it is one that refuses rather than one that complains of the arguments.
int refusal(long result) {
  bool refused = result < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
  return refused ? errno : 0;
}

}  // namespace

int bpfRefusal() {
  bpf_attr attributes = {};
  // No kernel has this command. The bits above are flags (from 7.0 on).
  constexpr int kNoCommand = 0xfff;
  return refusal(syscall(SYS_bpf, kNoCommand, &attributes, sizeof(attributes)));
}

// The kernel reads the attributes before it checks anything else.
int perfEventOpenRefusal() { return refusal(syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0UL)); }

// Tries a look-up in a thread without capabilities: does the kernel refuse the call, or only the invalid descriptor?
bool bpfCallsNeedCapability() {
  bool refused = false;
  auto lookUp = [&refused] {
    bpf_attr attributes = {};
    attributes.map_fd = static_cast<__u32>(-1);
    if (!setCapabilities(false)) return;
    refused = syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attributes, sizeof(attributes)) < 0 && errno == EPERM;
  };
  try {
    std::thread(lookUp).join();
  } catch (const std::system_error& error) {
    throw failure("no thread can be started", error.code().value());
  }
  return refused;
}

void giveUpPrivileges(std::optional<User> user, bool keepBpf) {
  // Any process of this user may send SIGUSR1, and Node.js would open its debugger to everybody who can connect to the host.
  check(signal(SIGUSR1, SIG_IGN) != SIG_ERR, "signal");
  // A change of user clears the signal that this process gets when its parent ends, so it is set again below.
  int atParentsEnd = 0;
  check(prctl(PR_GET_PDEATHSIG, &atParentsEnd, 0, 0, 0) == 0, "prctl");
  if (user) {
    if (prctl(PR_GET_SECUREBITS) & SECBIT_NO_SETUID_FIXUP) throw failure("securebits keep them in other threads", EINVAL);
    // libc makes these calls in all threads; with the last one they lose their capabilities.
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
  // Other processes of this user must not get at the open descriptors. For a former root the kernel does this itself.
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "prctl");
}

}  // namespace bpf
