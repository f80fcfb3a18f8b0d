// SPDX-License-Identifier: GPL-2.0
/*
 * One record per memory compaction: begin is stored per thread, end completes it and sends it.
 *
 * Handlers come first, then the thin programs of each attach plan; the agent loads the programs of one plan only.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"
#include "kernel.h"
#include "zone.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before load. */
const volatile __u32 only_pid = 0; /* 0: all */
const volatile __u32 trigger_mask = 0xf; /* bit: enum trigger */
const volatile __u64 min_duration_ns = 0;
const volatile bool take_stack = true;
const volatile __u32 wake_fill_bytes = 0; /* a napping reader is woken when the ring holds more */

/* Read and written by the agent through memory-mapped data. */
struct books books;
__u32 reader = READER_AWAKE;

enum trigger *abi_trigger; /* keep the enums in the object's BTF, for the generator */
enum reader_state *abi_reader_state;

struct open_compaction {
	__u64 begin_ns;
	__u32 cpu;
	__u32 reserved;
	struct zone_state zone;
};

/* Preallocated: under memory pressure, which is when this runs, an allocation may fail. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid: a compacting thread may change its CPU */
	__type(value, struct open_compaction);
} open SEC(".maps");

struct attempt {
	__u64 ns; /* CLOCK_MONOTONIC; with the thread it names the attempt */
	__s32 priority;
	__u32 reserved;
};

/* Nothing marks the end of an attempt, so the least recently used go. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct attempt);
} attempts SEC(".maps");

/*
 * A record is built here, then copied to the ring at its real length: reserving the longest stack for each would
 * halve what the ring holds. One program at a time uses it on a CPU: the kernel does not let a program recurse.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} records SEC(".maps");

static __always_inline void count(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

/*
 * A wake-up per record is two thirds of a pair's cost, so only the first record after the reader fell asleep wakes it,
 * and during its nap one that finds the ring filled. Waking takes a record: an empty one, reserved before the room may
 * be gone, and discarded to wake. NULL when no wake-up is needed, or when the ring is full: then one of those who filled
 * it has reserved theirs.
 */
static __always_inline void *reserve_wakeup(void)
{
	__u32 state = *(volatile __u32 *)&reader;

	if (state == READER_AWAKE)
		return NULL;
	if (state == READER_NAPPING && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < wake_fill_bytes)
		return NULL;
	return bpf_ringbuf_reserve(&records, 8, 0);
}

/*
 * The only way into the ring: what does not fit is counted. The reader's state is read once more after the record is
 * committed: a reader that falls asleep meanwhile sees the record (it looks once more after it said so), or is seen here.
 */
static __always_inline void emit(struct event *event)
{
	__u64 size = __builtin_offsetof(struct event, stack) + (event->stack_size & 0x3ff);
	void *wakeup = reserve_wakeup();

	if (size > sizeof(*event))
		size = sizeof(*event);
	if (bpf_ringbuf_output(&records, event, size, BPF_RB_NO_WAKEUP)) {
		count(&books.ring_full, 1);
	} else {
		count(&books.emitted, 1);
		count(&books.emitted_migrate_scanned, event->migrate_scanned);
		count(&books.emitted_free_scanned, event->free_scanned);
	}
	if (!wakeup)
		wakeup = reserve_wakeup();
	if (wakeup) {
		reader = READER_AWAKE;
		bpf_ringbuf_discard(wakeup, BPF_RB_FORCE_WAKEUP);
	}
}

static __always_inline enum trigger trigger_of(struct compact_control *cc)
{
	if (BPF_CORE_READ(cc, direct_compaction))
		return TRIGGER_DIRECT;
	if (bpf_core_field_exists(cc->proactive_compaction) && BPF_CORE_READ(cc, proactive_compaction))
		return TRIGGER_PROACTIVE;
	return BPF_CORE_READ(cc, order) == -1 ? TRIGGER_MANUAL : TRIGGER_KCOMPACTD;
}

/* True when the compaction is not wanted; counts why. */
static __always_inline bool filtered(__u32 pid, enum trigger trigger, __u64 duration_ns)
{
	if (only_pid && only_pid != pid)
		count(&books.filtered_pid, 1);
	else if (!(trigger_mask & (1U << trigger)))
		count(&books.filtered_trigger, 1);
	else if (duration_ns < min_duration_ns)
		count(&books.filtered_min_duration, 1);
	else
		return false;
	return true;
}

static __always_inline void fill_attempt(struct event *event, __u64 pid_tgid)
{
	struct attempt *attempt;

	event->attempt_ns = 0;
	event->priority = -1;
	if (event->trigger != TRIGGER_DIRECT)
		return;
	attempt = bpf_map_lookup_elem(&attempts, &pid_tgid);
	if (!attempt) {
		count(&books.attempt_unknown, 1);
		return;
	}
	event->attempt_ns = attempt->ns;
	event->priority = attempt->priority;
}

static __always_inline void fill_zone(struct event *event, struct zone *zone)
{
	read_zone_state(zone, &event->end);
	event->watermark_min = zone_watermark(zone, WMARK_MIN);
	event->watermark_low = zone_watermark(zone, WMARK_LOW);
	event->watermark_high = zone_watermark(zone, WMARK_HIGH);
	event->node = BPF_CORE_READ(zone, zone_pgdat, node_id);
	event->zone_index = zone_index(zone);
	event->orders = zone_orders();
	event->zone[0] = '\0';
	bpf_probe_read_kernel_str(event->zone, sizeof(event->zone), BPF_CORE_READ(zone, name));
}

static __always_inline void handle_attempt(int priority)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct attempt attempt = { .ns = bpf_ktime_get_ns(), .priority = priority };

	/* Rather none than the thread's last one. */
	if (bpf_map_update_elem(&attempts, &pid_tgid, &attempt, BPF_ANY))
		bpf_map_delete_elem(&attempts, &pid_tgid);
}

static __always_inline void handle_begin(struct compact_control *cc)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct open_compaction begin = { .cpu = bpf_get_smp_processor_id() };

	count(&books.begins, 1);
	read_zone_state(BPF_CORE_READ(cc, zone), &begin.zone);
	begin.begin_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&open, &pid_tgid, &begin, BPF_NOEXIST))
		count(&books.open_now, 1);
	else if (!bpf_map_update_elem(&open, &pid_tgid, &begin, BPF_EXIST))
		count(&books.evicted_overwritten, 1);
	else
		count(&books.evicted_table_full, 1);
}

static __always_inline void handle_end(void *ctx, struct compact_control *cc, int status)
{
	__u64 end_ns = bpf_ktime_get_ns();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 migrate_scanned = BPF_CORE_READ(cc, total_migrate_scanned);
	__u64 free_scanned = BPF_CORE_READ(cc, total_free_scanned);
	enum trigger trigger = trigger_of(cc);
	struct open_compaction *begin;
	struct event *event;
	__u32 zero = 0;
	long stack_size;

	count(&books.ends, 1);
	count(&books.migrate_scanned, migrate_scanned);
	count(&books.free_scanned, free_scanned);

	begin = bpf_map_lookup_elem(&open, &pid_tgid);
	if (!begin) {
		count(&books.end_without_begin, 1);
		return;
	}
	count(&books.paired, 1);
	count(&books.open_now, -1);

	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event) {
		count(&books.no_scratch, 1);
		goto out;
	}
	if (filtered(pid_tgid >> 32, trigger, end_ns - begin->begin_ns))
		goto out;

	event->begin_ns = begin->begin_ns;
	event->duration_ns = end_ns - begin->begin_ns;
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->migrate_scanned = migrate_scanned;
	event->free_scanned = free_scanned;
	event->begin = begin->zone;
	event->pid = pid_tgid >> 32;
	event->tid = pid_tgid;
	event->cpu = begin->cpu;
	event->order = BPF_CORE_READ(cc, order);
	event->gfp = BPF_CORE_READ(cc, gfp_mask);
	event->mode = BPF_CORE_READ(cc, mode);
	event->status = status;
	event->trigger = trigger;
	event->reserved = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_attempt(event, pid_tgid);
	fill_zone(event, BPF_CORE_READ(cc, zone));

	stack_size = take_stack ? bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0) : 0;
	event->stack_size = stack_size > 0 ? stack_size : 0;
	emit(event);
out:
	bpf_map_delete_elem(&open, &pid_tgid);
}

/* Attach plan tp_btf: the tracepoints pass compact_control (5.18 and later, and backports). */

SEC("tp_btf/mm_compaction_begin")
int BPF_PROG(tp_btf_begin, struct compact_control *cc)
{
	handle_begin(cc);
	return 0;
}

SEC("tp_btf/mm_compaction_end")
int BPF_PROG(tp_btf_end, struct compact_control *cc, unsigned long zone_start, unsigned long zone_end, bool sync,
	     int status)
{
	handle_end(ctx, cc, status);
	return 0;
}

SEC("tp_btf/mm_compaction_try_to_compact_pages")
int BPF_PROG(tp_btf_attempt, int order, gfp_t gfp_mask, int priority)
{
	handle_attempt(priority);
	return 0;
}

/* Plans fentry and kprobe on compact_zone go here: thin programs around the same handlers. */
