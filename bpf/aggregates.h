/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums over all compactions, whatever filters leave out and whether or not the ring has room. The agent reads them at any time
 * and stops nothing for it: a compaction under way may be in one member of a row already and not yet in the next one.
 */
#ifndef COMPACTSTALL_AGGREGATES_H
#define COMPACTSTALL_AGGREGATES_H

/* Set before load. */
const volatile bool aggregates = false;

enum duration *abi_duration; /* keeps the enum in the object's BTF, for the generator */

/*
 * One row for all CPUs, with atomic additions: a row for each CPU would take 2 KB times the number of CPUs. Both maps are
 * preallocated, because this runs under memory pressure, when an allocation may fail. Rows are never removed, so that the
 * sums only grow.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader enlarges it where it is needed */
	__type(key, struct aggregate_key);
	__type(value, struct aggregate);
} cs_aggregates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the same */
	__type(key, __u64); /* cgroup id */
	__type(value, struct stalls);
} cs_stalls SEC(".maps");

/* What the maps have no room for. The agent reads these through memory-mapped data. */
struct aggregate aggregates_overflow;
struct stalls stalls_overflow;

static const struct aggregate no_aggregate;
static const struct stalls no_stalls;

/* The row of a key. A new key gets a new row, or the overflow row when the map is full. */
#define ROW(map, key, none, overflow)                                                                                  \
	({                                                                                                             \
		typeof(overflow) row = bpf_map_lookup_elem(map, key);                                                  \
		if (!row) {                                                                                            \
			/* This also fails when another CPU adds it first, and then its row is found. */               \
			bpf_map_update_elem(map, key, none, BPF_NOEXIST);                                              \
			row = bpf_map_lookup_elem(map, key);                                                           \
		}                                                                                                      \
		row ? row : (overflow);                                                                                \
	})

static __always_inline void aggregate_stall(__u64 duration_ns)
{
	__u64 cgroup = bpf_get_current_cgroup_id();
	struct stalls *stalls = ROW(&cs_stalls, &cgroup, &no_stalls, &stalls_overflow);

	count(&stalls->count, 1);
	count(&stalls->sum_ns, duration_ns);
}

static __always_inline void aggregate(const struct event *event)
{
	struct aggregate_key key = {
		.node = event->node,
		.zone_index = event->zone_index,
		.trigger = event->trigger,
		.order = event->order,
		.status = event->status,
	};
	__u64 slot = duration_slot(event->duration_ns);
	struct aggregate *row = ROW(&cs_aggregates, &key, &no_aggregate, &aggregates_overflow);

	/* Always so, but the verifier does not know what a function returns. */
	if (slot < DURATION_SLOTS)
		count(&row->slots[slot], 1);
	count(&row->sum_ns, event->duration_ns);
	count(&row->migrate_scanned, event->migrate_scanned);
	count(&row->free_scanned, event->free_scanned);
	if (event->trigger == TRIGGER_DIRECT)
		aggregate_stall(event->duration_ns);
}

#endif
