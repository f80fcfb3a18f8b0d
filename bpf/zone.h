/* SPDX-License-Identifier: GPL-2.0 */
/* Reads of struct zone. */
#ifndef COMPACTSTALL_ZONE_H
#define COMPACTSTALL_ZONE_H

static __always_inline __u32 zone_orders(void)
{
	__u32 orders = bpf_core_field_size(((struct zone *)0)->free_area) / bpf_core_type_size(struct free_area);

	return orders < EVENT_ORDERS ? orders : EVENT_ORDERS;
}

/*
 * The free blocks of one order; 0 where the kernel has no blocks as large. Not a loop: there clang relocates only the first
 * element, and keeps the stride of this header for the others.
 */
#define READ_FREE_BLOCKS(zone, state, order, direct)                                                                   \
	((state)->free_blocks[order] =                                                                                 \
		 bpf_core_field_exists((zone)->free_area[order]) ? READ_FIELD(direct, zone, free_area[order].nr_free) : 0)

static __always_inline void read_free_blocks(struct zone *zone, struct zone_state *state, bool direct)
{
	READ_FREE_BLOCKS(zone, state, 0, direct);
	READ_FREE_BLOCKS(zone, state, 1, direct);
	READ_FREE_BLOCKS(zone, state, 2, direct);
	READ_FREE_BLOCKS(zone, state, 3, direct);
	READ_FREE_BLOCKS(zone, state, 4, direct);
	READ_FREE_BLOCKS(zone, state, 5, direct);
	READ_FREE_BLOCKS(zone, state, 6, direct);
	READ_FREE_BLOCKS(zone, state, 7, direct);
	READ_FREE_BLOCKS(zone, state, 8, direct);
	READ_FREE_BLOCKS(zone, state, 9, direct);
	READ_FREE_BLOCKS(zone, state, 10, direct);
	READ_FREE_BLOCKS(zone, state, 11, direct);
	READ_FREE_BLOCKS(zone, state, 12, direct);
	READ_FREE_BLOCKS(zone, state, 13, direct);
	READ_FREE_BLOCKS(zone, state, 14, direct);
	READ_FREE_BLOCKS(zone, state, 15, direct);
}

/*
 * 6.1 does not allow direct loads from an array of atomic_long_t. Without probe reads the pages of the free blocks, which must
 * have been read, stand in.
 */
static __always_inline void read_free_pages(struct zone *zone, struct zone_state *state)
{
	__u32 vm_stat = bpf_core_field_offset(((struct zone *)0)->vm_stat) +
			sizeof(long) * bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES);
	long pages = 0;

	if (probe_reads) {
		bpf_probe_read_kernel(&pages, sizeof(pages), (const void *)zone + vm_stat);
	} else {
#pragma clang loop unroll(disable)
		for (__u32 order = 0; order < EVENT_ORDERS; order++)
			pages += (long)state->free_blocks[order] << order;
	}
	/* The counter is a sum of per-CPU batches and may be seen below zero; the kernel clamps it too. */
	state->free_pages = pages > 0 ? pages : 0;
}

static __always_inline void read_zone_state(struct zone *zone, struct zone_state *state, bool direct)
{
	read_free_blocks(zone, state, direct);
	read_free_pages(zone, state);
}

static __always_inline __u64 zone_watermark(struct zone *zone, __u32 mark, bool direct)
{
	__u32 marks = bpf_core_field_offset(((struct zone *)0)->_watermark);

	return READ_BY(direct, unsigned long, zone, marks + mark * sizeof(long));
}

static __always_inline __u32 zone_index(struct zone *zone, struct pglist_data *node)
{
	__u64 first = (__u64)node + bpf_core_field_offset(((struct pglist_data *)0)->node_zones);

	return ((__u64)zone - first) / bpf_core_type_size(struct zone);
}

/* The kernel has one table of names for the zones of all nodes. Each is read once. */
#define ZONE_KINDS 8
char zone_names[ZONE_KINDS][EVENT_NAME_SIZE];

/* Without probe reads the name stays empty: direct loads cannot follow a pointer to text. */
static __always_inline void read_zone_name(struct zone *zone, __u32 index, char name[EVENT_NAME_SIZE])
{
	volatile __u64 *known = (__u64 *)zone_names[index % ZONE_KINDS];
	__u64 *text = (__u64 *)name;

	text[0] = known[0];
	text[1] = known[1];
	if (text[0] || !probe_reads)
		return;
	bpf_probe_read_kernel_str(name, EVENT_NAME_SIZE, READ(zone, name));
	/* The second half first: a name whose first half is there is complete. */
	known[1] = text[1];
	known[0] = text[0];
}

#endif
