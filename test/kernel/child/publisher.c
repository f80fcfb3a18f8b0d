// SPDX-License-Identifier: Apache-2.0
// A process that publishes a process context (OTEP 4719) and stalls, as its standard input says, a command a line:
//   publish HEX   publish this payload, or change it to this      withdraw   unmap it
//   churn         change it again and again, until the next command: to as many 'a' as fit, then 'b', ...
//   stall FILE    write 1 to FILE, which compacts memory          exec FILE  become this program
// It answers each with a line. How the mapping is made is its argument: memfd or anon. With can-name it only tells, by its
// exit code, whether the kernel lets anonymous memory have a name (CONFIG_ANON_VMA_NAME).
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#define SIZE 4096

struct context {
  char signature[8];
  uint32_t version;
  uint32_t payload_size;
  volatile uint64_t published_ns;
  unsigned char *payload;
};

static struct context *context;

static void map_context(const char *how) {
  if (strcmp(how, "memfd") == 0) {
    int file = memfd_create("OTEL_CTX", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, SIZE) < 0) abort();
    context = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    close(file);
  } else {
    context = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, context, SIZE, "OTEL_CTX");
  }
  if (context == MAP_FAILED) abort();
}

static void publish(const char *how, const char *hex) {
  size_t size = strlen(hex) / 2;
  unsigned char *payload = malloc(size + 1);
  for (size_t i = 0; i < size; i++) sscanf(hex + 2 * i, "%2hhx", &payload[i]);
  if (!context) map_context(how);
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  context->published_ns = 0;
  context->version = 2;
  context->payload_size = size;
  context->payload = payload;
  memcpy(context->signature, "OTEL_CTX", 8);
  __sync_synchronize();
  context->published_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void churn(const char *how) {
  size_t size = 65536;
  unsigned char *payload = malloc(size);
  struct pollfd input = {.fd = 0, .events = POLLIN};
  if (!context) map_context(how);
  context->version = 2;
  context->payload_size = size;
  context->payload = payload;
  memcpy(context->signature, "OTEL_CTX", 8);
  for (uint64_t n = 1; poll(&input, 1, 0) == 0; n++) {
    context->published_ns = 0;
    __sync_synchronize();
    memset(payload, 'a' + n % 2, size);
    __sync_synchronize();
    context->published_ns = n;
    // Long enough to be read now and then.
    for (volatile int i = 0; i < 20000; i++) continue;
  }
}

static void stall(const char *path) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, "1", 1) != 1) abort();
  close(file);
}

int main(int argc, char **argv) {
  static char line[1 << 17];
  if (argc != 2) return 2;
  if (strcmp(argv[1], "can-name") == 0) {
    void *page = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, page, SIZE, "OTEL_CTX") != 0;
  }
  // Unbuffered: what is not read yet is for the program that follows.
  setvbuf(stdin, NULL, _IONBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *argument = strchr(line, ' ');
    argument = argument ? argument + 1 : "";
    if (strncmp(line, "publish", 7) == 0) publish(argv[1], argument);
    if (strncmp(line, "churn", 5) == 0) {
      puts("done");
      fflush(stdout);
      churn(argv[1]);
      continue;
    }
    if (strncmp(line, "stall", 5) == 0) stall(argument);
    if (strncmp(line, "withdraw", 8) == 0) munmap(context, SIZE), context = NULL;
    if (strncmp(line, "exec", 4) == 0) {
      char *arguments[] = {argument, argv[1], NULL};
      char *environment[] = {"OTEL_SERVICE_NAME=after-exec", NULL};
      puts("done");
      fflush(stdout);
      execve(argument, arguments, environment);
      abort();
    }
    puts("done");
    fflush(stdout);
  }
  return 0;
}
