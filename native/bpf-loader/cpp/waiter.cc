// SPDX-License-Identifier: Apache-2.0
#include "waiter.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <utility>

#include "failure.h"
#include "privileges.h"

namespace bpf {

namespace {

// Edge-triggered: neither a record that is left in the ring nor a call that was answered keeps the thread spinning.
void watch(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return;
  int error = errno;
  throw Failure("RING_FAILED", "Cannot wait for the ring buffer: epoll_ctl: " + describe(error) + ".", error);
}

}  // namespace

Waiter::Waiter(int ringFd, std::function<void()> notify)
    : notify_(std::move(notify)), called_(eventfd(0, EFD_CLOEXEC)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!called_.valid() || !epoll_.valid()) {
    int error = errno;
    throw Failure("RING_FAILED", "Cannot wait for the ring buffer: " + describe(error) + ".", error);
  }
  watch(epoll_.get(), called_.get());
  watch(epoll_.get(), ringFd);
  start();
}

void Waiter::start() {
  // Blocks signals here: they belong to the threads on which Node.js expects them. One is for this thread, too.
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, dropSignal());
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread_, nullptr, run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    throw Failure("RING_FAILED", "Cannot start the thread that waits for the ring buffer: " + describe(error) + ".", error);
  }
  pthread_setname_np(thread_, "bpf-ring");
}

Waiter::~Waiter() {
  stopping_ = true;
  wake();
  pthread_join(thread_, nullptr);
}

void Waiter::wake() const { eventfd_write(called_.get(), 1); }

void* Waiter::run(void* self) {
  dropInherited();
  static_cast<const Waiter*>(self)->wait();
  return nullptr;
}

void Waiter::wait() const {
  for (;;) {
    epoll_event events[2];
    int count = epoll_wait(epoll_.get(), events, 2, -1);
    if (count < 0 && errno != EINTR) return;
    if (stopping_) return;
    if (count > 0) notify_();
  }
}

}  // namespace bpf
