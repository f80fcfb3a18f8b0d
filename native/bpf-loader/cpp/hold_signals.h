// SPDX-License-Identifier: Apache-2.0
// Holds signals back in this thread. While one is pending, the kernel ends the verifier's work with EAGAIN, and libbpf gives
// up after five tries: a profiler that sends a signal each millisecond would keep every program out.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace bpf {

class HoldSignals {
 public:
  HoldSignals() {
    sigset_t held;
    sigfillset(&held);
    // A fault of this thread must still end the process.
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&held, fault);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HoldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HoldSignals(const HoldSignals&) = delete;
  HoldSignals& operator=(const HoldSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace bpf
