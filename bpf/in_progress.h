/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The compactions in progress, from their begin to their end. Taking a place is one atomic addition, and so is leaving it. A hash
 * map would need ten times as many instructions, and more memory that is not in the caches.
 */
#ifndef COMPACTSTALL_IN_PROGRESS_H
#define COMPACTSTALL_IN_PROGRESS_H

struct compaction {
	__u64 thread; /* pid_tgid: a compacting thread may change its CPU. 0: none */
	__u64 claims; /* 0: the place is free */
	__u64 control; /* struct compact_control */
	__u64 zone; /* struct zone */
	__u64 context_unreadable;
	struct active_span span;
	__u8 record[RECORD_WITHOUT_STACK] __attribute__((aligned(8))); /* a struct event, which the end completes */
};

/*
 * A thread has a choice of places. Threads get their ids in a row, so most have their first choice to themselves. One finds no
 * place only when 16 others with the same last bits compact at once. Allocated in advance, as all of this runs under memory pressure.
 */
#define PLACES 8192
#define CHOICES 16

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct compaction);
} cs_in_progress SEC(".maps");

static __always_inline struct event *record_of(struct compaction *compaction)
{
	return (struct event *)compaction->record;
}

static __always_inline struct compaction *choice(__u64 thread, __u32 number)
{
	__u32 place = ((__u32)thread + number * (PLACES / CHOICES)) % PLACES;

	return bpf_map_lookup_elem(&cs_in_progress, &place);
}

static __always_inline __u64 thread_in(struct compaction *place)
{
	return *(volatile __u64 *)&place->thread;
}

static __always_inline __u64 claims_on(struct compaction *place)
{
	return *(volatile __u64 *)&place->claims;
}

static __always_inline struct compaction *this_compaction(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

#pragma clang loop unroll(disable)
	for (__u32 number = 0; number < CHOICES; number++) {
		struct compaction *place = choice(thread, number);

		if (place && thread_in(place) == thread)
			return place;
	}
	return NULL;
}

/*
 * Takes a place. Atomic operations that return a value need 5.12, so a thread adds its claim and then looks: of two that do so
 * at once, at most one finds its claim alone, and any other takes it back. NULL when no choice is free, or when nothing is recorded.
 */
static __always_inline struct compaction *begin_compaction(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	count(&books.begins, 1);
	if (expired()) {
		count(&books.evicted_expired, 1);
		return NULL;
	}
#pragma clang loop unroll(disable)
	for (__u32 number = 0; number < CHOICES; number++) {
		struct compaction *place = choice(thread, number);

		if (!place)
			break;
		if (thread_in(place) == thread) {
			count(&books.evicted_overwritten, 1);
			return place;
		}
		if (claims_on(place) != 0)
			continue;
		__sync_fetch_and_add(&place->claims, 1);
		if (claims_on(place) == 1) {
			*(volatile __u64 *)&place->thread = thread;
			count(&books.open_now, 1);
			return place;
		}
		__sync_fetch_and_add(&place->claims, -1);
	}
	count(&books.evicted_table_full, 1);
	return NULL;
}

static __always_inline void leave_place(struct compaction *place)
{
	*(volatile __u64 *)&place->thread = 0;
	__sync_fetch_and_add(&place->claims, -1);
}

#endif
