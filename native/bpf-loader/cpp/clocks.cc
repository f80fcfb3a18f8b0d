// SPDX-License-Identifier: Apache-2.0
#include "clocks.h"

#include <ctime>

namespace bpf {

namespace {

// The number of tries. The first warms caches; an interrupt or a preemption may hit some of the others, but hardly all.
constexpr int kTries = 10;

uint64_t now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

Clocks readClocks() {
  Clocks best = {};
  for (int i = 0; i < kTries; i++) {
    uint64_t before = now(CLOCK_MONOTONIC);
    uint64_t realtime = now(CLOCK_REALTIME);
    uint64_t boottime = now(CLOCK_BOOTTIME);
    uint64_t width = now(CLOCK_MONOTONIC) - before;
    uint64_t uncertainty = width - width / 2;
    if (i == 0 || uncertainty < best.uncertaintyNs) best = {before + width / 2, realtime, boottime, uncertainty};
  }
  return best;
}

}  // namespace bpf
