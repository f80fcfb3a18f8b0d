// SPDX-License-Identifier: GPL-2.0
// The limit of bpf/rate_limit.h, driven by compactions on standard input, each a line: trigger, cgroup, end and duration in
// nanoseconds. Prints for each whether it passes, and at the end what was counted of the others.
#include <inttypes.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/event.h"

#undef __always_inline
#define __always_inline inline
#define __noinline
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name
#define BPF_MAP_TYPE_LRU_HASH 1
#define BPF_ANY 0

static struct books books;
static uint64_t current_cgroup;

static void count(__u64 *counter, __u64 n)
{
	*counter += n;
}

static void wake_sleeping_reader(void)
{
}

static uint64_t bpf_get_current_cgroup_id(void)
{
	return current_cgroup;
}

static uint32_t bpf_get_smp_processor_id(void)
{
	return current_cgroup; /* one for each cgroup */
}

/* The only map: pairs of {cgroup, trigger} and {second, passed}. */
static __u64 entries[4096][4];
static int used;

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	for (int i = 0; i < used; i++)
		if (!memcmp(entries[i], key, 16))
			return &entries[i][2];
	return NULL;
}

static void bpf_map_update_elem(void *map, const void *key, const void *value, int flags)
{
	memcpy(entries[used], key, 16);
	memcpy(&entries[used++][2], value, 16);
}

#define const /* main() sets the price, where a loader does otherwise */
#include "../../bpf/rate_limit.h"
#undef const

int main(int argc, char **argv)
{
	uint64_t trigger, end, duration;
	struct omissions all = { 0 };

	record_price_ns = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	while (scanf("%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &trigger, &current_cgroup, &end, &duration) == 4)
		printf("%d\n", !over_limit(trigger, end - duration, end));
	for (size_t i = 0; i < sizeof(omissions) / sizeof(omissions[0]); i++) {
		all.number += omissions[i].number;
		all.duration_ns += omissions[i].duration_ns;
		if (omissions[i].longest_ns > all.longest_ns)
			all.longest_ns = omissions[i].longest_ns;
	}
	printf("%llu %llu %llu %llu\n", books.filtered_rate, all.number, all.duration_ns, all.longest_ns);
	return 0;
}
