// SPDX-License-Identifier: GPL-2.0
// The table of bpf/in_progress.h, with threads that begin and end compactions at once. Arguments: how many threads, how often,
// the step from one thread's id to the next, and whether all begin before any ends. Prints the books, how many places were found with two threads in them, and how
// many ends did not find their begin.
#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../bpf/event.h"

#undef __always_inline
#define __always_inline inline
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name
#define BPF_MAP_TYPE_ARRAY 1
#define RECORD_WITHOUT_STACK __builtin_offsetof(struct event, stack)

struct active_span {
	__u64 words[5];
};

static struct books books;
static _Thread_local __u64 current;

static void count(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

static __u64 bpf_get_current_pid_tgid(void)
{
	return current;
}

static bool expired(void)
{
	return false;
}

static void *bpf_map_lookup_elem(void *map, const __u32 *place);

#include "../../bpf/in_progress.h"

static struct compaction places[PLACES];

static void *bpf_map_lookup_elem(void *map, const __u32 *place)
{
	return &places[*place];
}

static int threads, times, step, together;
static __u64 shared, not_found;
static pthread_barrier_t all;

static void wait_for_all(void)
{
	if (together)
		pthread_barrier_wait(&all);
}

static void *compact(void *number)
{
	current = 77ULL << 32 | (1000 + (long)number * step);
	for (int i = 0; i < times; i++) {
		struct compaction *place;

		wait_for_all();
		place = begin_compaction();
		if (place && __sync_fetch_and_add(&place->control, 1) != 0)
			count(&shared, 1);
		wait_for_all();
		if (place && this_compaction() != place)
			count(&not_found, 1);
		if (place) {
			__sync_fetch_and_add(&place->control, -1);
			leave_place(place);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t ids[64];

	threads = atoi(argv[1]);
	times = atoi(argv[2]);
	step = atoi(argv[3]);
	together = atoi(argv[4]);
	pthread_barrier_init(&all, NULL, threads);
	for (long i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, compact, (void *)i);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("%llu %llu %llu %llu %llu %llu\n", books.begins, books.open_now, books.evicted_table_full,
	       books.evicted_overwritten, shared, not_found);
	return 0;
}
