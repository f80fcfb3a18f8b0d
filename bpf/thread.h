/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of a thread before its compaction begins: its attempt to allocate, and its call of compact_zone(). */
#ifndef COMPACTSTALL_THREAD_H
#define COMPACTSTALL_THREAD_H

struct attempt {
	__u64 ns; /* CLOCK_MONOTONIC; together with the thread it identifies the attempt. 0: there was none */
	__s32 priority;
	__u32 reserved;
};

/*
 * Where the tracepoints do not pass compact_control, it is the argument of compact_zone(). Only a program that is attached to
 * that function itself knows the argument's type, and can read through it with direct loads. So it reads what the begin needs.
 */
struct call {
	__u64 control; /* struct compact_control; 0: none, or its compaction began */
	/* The rest is of a typed call. */
	__u64 zone; /* struct zone */
	__u64 zone_start;
	struct request request;
	struct zone_state state;
};

struct thread {
	struct attempt attempt;
	struct call call;
};

/*
 * Nothing marks the end of an attempt, or of a call that does not begin a compaction, so the map evicts the least recently
 * used. No program is attached to the return of compact_zone(): a kretprobe follows at most twice as many calls as there are
 * CPUs, and stalled threads may be more, as they sleep.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct thread);
} cs_threads SEC(".maps");

static __always_inline struct thread *known_thread(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&cs_threads, &pid_tgid);
}

/*
 * The entry of the current thread, which is changed in place: an update costs four times as much as a look-up. The look-up
 * makes it the last one that would be evicted. NULL when the map cannot take it.
 */
static __always_inline struct thread *this_thread(void)
{
	static const struct thread unknown;
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&cs_threads, &pid_tgid);

	if (thread)
		return thread;
	bpf_map_update_elem(&cs_threads, &pid_tgid, &unknown, BPF_NOEXIST);
	return bpf_map_lookup_elem(&cs_threads, &pid_tgid);
}

static __always_inline void handle_attempt(int priority)
{
	struct thread *thread = this_thread();

	if (!thread)
		return;
	thread->attempt.ns = bpf_ktime_get_ns();
	thread->attempt.priority = priority;
}

/*
 * Handles a call of compact_zone(cc); the begin tracepoint may follow.
 * @typed: whether the verifier knows the type of cc; otherwise the rest is read at the begin, as many calls return before it.
 */
static __always_inline void handle_call(struct compact_control *cc, bool typed)
{
	struct thread *thread = this_thread();
	struct zone *zone;

	if (!thread)
		return;
	thread->call.control = (__u64)cc;
	if (!typed)
		return;
	zone = READ_FIELD(true, cc, zone);
	thread->call.zone = (__u64)zone;
	thread->call.zone_start = READ_FIELD(true, zone, zone_start_pfn);
	read_request(&thread->call.request, cc, zone, true);
	read_free_blocks(zone, &thread->call.state, true);
}

#endif
