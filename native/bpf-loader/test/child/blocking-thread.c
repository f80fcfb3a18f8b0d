// SPDX-License-Identifier: Apache-2.0
// Loaded into Node.js: a thread that blocks all signals until the file $UNBLOCK is there.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void *run(void *none) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  while (access(getenv("UNBLOCK"), F_OK) != 0) usleep(1000);
  pthread_sigmask(SIG_UNBLOCK, &all, NULL);
  unlink(getenv("UNBLOCK"));
  for (;;) pause();
  return none;
}

__attribute__((constructor)) static void begin(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, run, NULL);
}
