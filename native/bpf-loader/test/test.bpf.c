// SPDX-License-Identifier: GPL-2.0
// Counts one system call of one thread, and sends a record for each. The tests can make that call an exact number of times
// from JavaScript.
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

enum colour { RED, GREEN };

const volatile __u32 target_tid = 0;
const volatile long target_call = -1;
// The record for call number n (from 0) is min_bytes + n % (spread + 1) bytes long.
const volatile __u32 min_bytes = 16;
const volatile __u32 spread = 0;
// The number of calls from one discarded record to the next, reserved before the real one; 0: none.
const volatile __u32 discard_every = 0;
const volatile bool enabled = true;
// Only set, by the tests of ranges, and never used.
const volatile __u8 a_byte = 0;
const volatile __s8 a_signed_byte = 0;
const volatile __s16 a_short = 0;
const volatile __u64 a_long = 0;
const volatile __s64 a_signed_long = 0;
const volatile enum colour a_colour = RED;
const volatile __u8 an_array[4] = {};

struct counters {
  __u64 calls;
  __u64 sent;
  __u64 ring_full;
  __u64 wake_ups;
};
struct counters counters = {};
__u32 armed = 0;
__s16 shorts = -7;
__u64 words = 0x1122334455667788;
__u8 bytes_of[3] = {1, 2, 3};

struct record {
  __u64 number;
  __u64 bytes;
};

#define MAX_BYTES 4096
static __u8 scratch[MAX_BYTES];

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} other_ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");

static __u64 wake(void) {
  if (!armed) return BPF_RB_NO_WAKEUP;
  armed = 0;
  counters.wake_ups++;
  return BPF_RB_FORCE_WAKEUP;
}

static void discard_one(__u64 number) {
  void *space;

  if (!discard_every || number % discard_every) return;
  space = bpf_ringbuf_reserve(&ring, 40, 0);
  if (space) bpf_ringbuf_discard(space, BPF_RB_NO_WAKEUP);
}

static int on_call(long call) {
  struct record *record = (struct record *)scratch;
  __u64 number, bytes;

  if (!enabled || call != target_call || (__u32)bpf_get_current_pid_tgid() != target_tid) return 0;
  // Only one thread comes here, so plain increments suffice.
  number = counters.calls++;
  bytes = min_bytes + number % (spread + 1);
  if (bytes < sizeof(*record) || bytes > MAX_BYTES) return 0;
  discard_one(number);
  record->number = number;
  record->bytes = bytes;
  if (bpf_ringbuf_output(&ring, scratch, bytes, wake()))
    counters.ring_full++;
  else
    counters.sent++;
  return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(by_btf, void *regs, long call) {
  return on_call(call);
}

SEC("raw_tp/sys_enter")
int BPF_PROG(by_raw, void *regs, long call) {
  return on_call(call);
}

// The value found in the table, which may be somebody else's map.
__u64 looked_up = 0;
SEC("?tp_btf/sys_enter")
int BPF_PROG(reads_table, void *regs, long call) {
  __u32 key = 7;
  __u64 *value = bpf_map_lookup_elem(&table, &key);

  if (call == target_call && (__u32)bpf_get_current_pid_tgid() == target_tid && value) looked_up = *value;
  return 0;
}

// Loads, but cannot attach, as the tracepoint does not exist.
SEC("?raw_tp/no_such_tracepoint")
int nowhere(void *ctx) {
  return 0;
}

// The verifier refuses the read through a map value that was not checked for NULL.
SEC("?raw_tp/sys_enter")
int invalid(void *ctx) {
  __u32 key = 0;
  __u64 *value = bpf_map_lookup_elem(&table, &key);

  return *value;
}
