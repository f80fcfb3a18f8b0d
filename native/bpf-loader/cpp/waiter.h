// SPDX-License-Identifier: Apache-2.0
// A thread that sleeps until the kernel wakes the readers of a ring buffer, or wake() is called, and then calls `notify` once.
// It has no timer: until it is woken, it costs nothing.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>

#include "mapping.h"

namespace bpf {

class Waiter {
 public:
  Waiter(int ringFd, std::function<void()> notify);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  // Stops and joins the thread: notify is not called after this.
  ~Waiter();

  void wake() const;

 private:
  static void* run(void* self);
  void start();
  void wait() const;

  std::function<void()> notify_;
  std::atomic<bool> stopping_ = false;
  UniqueFd called_;
  UniqueFd epoll_;
  pthread_t thread_;
};

}  // namespace bpf
