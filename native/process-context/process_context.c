// SPDX-License-Identifier: Apache-2.0
// Publishes a process context (OTEP 4719): 32 bytes with the address of the payload. Another process finds them by the name
// OTEL_CTX in /proc/PID/maps. There is one for the process: all threads that load this addon share it, and it gives way to that of
// another library, such as dd-trace or another copy of this one.
#include <inttypes.h>
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

#define NAME "OTEL_CTX"
#define VERSION 2

struct header {
  char signature[8];
  uint32_t version;
  uint32_t payload_size;
  uint64_t published_at_ns; // CLOCK_BOOTTIME; 0 while the rest changes
  const void *payload;
};
_Static_assert(sizeof(struct header) == 32, "a reader knows this layout");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct header *published;
static uint32_t published_rank;

// Prefers a memfd: its name shows on every kernel, that of anonymous memory only with CONFIG_ANON_VMA_NAME.
static struct header *map_header(void) {
  int fd = (int)syscall(SYS_memfd_create, NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0) fd = (int)syscall(SYS_memfd_create, NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  void *memory = MAP_FAILED;
  if (fd >= 0) {
    if (ftruncate(fd, sizeof(struct header)) == 0) {
      memory = mmap(NULL, sizeof(struct header), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    }
    close(fd);
  }
  if (memory == MAP_FAILED) {
    memory = mmap(NULL, sizeof(struct header), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
  }
  // A forked child is another process and must not inherit this context.
  madvise(memory, sizeof(struct header), MADV_DONTFORK);
  return memory;
}

static bool has_name(const char *mapping) {
  static const char *const names[] = {"/memfd:" NAME, "[anon:" NAME "]", "[anon_shmem:" NAME "]"};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    if (strncmp(mapping, names[i], strlen(names[i])) == 0) return true;
  }
  return false;
}

// Whether this process has another process context than ours. Where /proc cannot be read, no reader can find one.
static bool another_publishes(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  if (!maps) return false;
  bool found = false;
  char *line = NULL;
  size_t capacity = 0;
  while (!found && getline(&line, &capacity, maps) > 0) {
    uintptr_t start;
    int name = 0;
    if (sscanf(line, "%" SCNxPTR "-%*s %*s %*s %*s %*s %n", &start, &name) < 1 || name == 0) continue;
    found = start != (uintptr_t)published && has_name(line + name);
  }
  free(line);
  fclose(maps);
  return found;
}

// Withdraws ours if there is another one.
static bool leave_to_another(void) {
  if (!another_publishes()) return false;
  if (!published) return true;
  struct header *header = published;
  void *payload = (void *)header->payload;
  __atomic_store_n(&header->published_at_ns, 0, __ATOMIC_SEQ_CST);
  munmap(header, sizeof(*header));
  free(payload);
  published = NULL;
  published_rank = 0;
  // Fails, as the memory is gone, and so notifies readers that watch it.
  prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, header, sizeof(*header), NAME);
  return true;
}

static uint64_t later_than(uint64_t before) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  const uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  return ns > before ? ns : before + 1;
}

// Publishes the payload, and owns it when it returns true.
static bool publish(void *payload, uint32_t size, uint32_t rank) {
  if (leave_to_another()) return false;
  if (published && rank < published_rank) return false;
  if (!published && !(published = map_header())) return false;
  struct header *header = published;
  const uint64_t before = header->published_at_ns;
  void *old = (void *)header->payload;
  __atomic_store_n(&header->published_at_ns, 0, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  memcpy(header->signature, NAME, sizeof(header->signature));
  header->version = VERSION;
  header->payload_size = size;
  header->payload = payload;
  __atomic_store_n(&header->published_at_ns, later_than(before), __ATOMIC_RELEASE);
  published_rank = rank;
  // Names anonymous memory. For any memory and on any kernel, the call itself notifies readers that watch it.
  prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, header, sizeof(*header), NAME);
  // The time tells a reader that is halfway through the old payload to read again.
  free(old);
  return true;
}

// publish(payload: Uint8Array, rank: number): boolean. False: another library's publication exists, or one of a higher rank, or
// memory ran out.
static napi_value js_publish(napi_env env, napi_callback_info info) {
  size_t count = 2, size = 0;
  napi_value arguments[2], result;
  napi_typedarray_type type;
  void *data = NULL;
  uint32_t rank = 0;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
      napi_get_typedarray_info(env, arguments[0], &type, &size, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || napi_get_value_uint32(env, arguments[1], &rank) != napi_ok) {
    napi_throw_type_error(env, NULL, "publish takes a Uint8Array and a number");
    return NULL;
  }
  void *payload = malloc(size ? size : 1);
  bool done = false;
  if (payload) {
    if (size > 0) memcpy(payload, data, size); // An empty array has no address.
    pthread_mutex_lock(&lock);
    done = publish(payload, (uint32_t)size, rank);
    pthread_mutex_unlock(&lock);
    if (!done) free(payload);
  }
  return napi_get_boolean(env, done, &result) == napi_ok ? result : NULL;
}

// leaveToAnother(): boolean. True: another library's publication exists, and ours does not, or no longer.
static napi_value js_leave_to_another(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  pthread_mutex_lock(&lock);
  const bool left = leave_to_another();
  pthread_mutex_unlock(&lock);
  return napi_get_boolean(env, left, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "publish", .method = js_publish, .attributes = napi_enumerable},
      {.utf8name = "leaveToAnother", .method = js_leave_to_another, .attributes = napi_enumerable},
  };
  if (napi_define_properties(env, exports, sizeof(functions) / sizeof(*functions), functions) != napi_ok) {
    napi_throw_error(env, NULL, "process_context: cannot be set up");
  }
  return exports;
}
