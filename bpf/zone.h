/* SPDX-License-Identifier: GPL-2.0 */
/* Reads of struct zone. */
#ifndef COMPACTSTALL_ZONE_H
#define COMPACTSTALL_ZONE_H

/*
 * free_area[] is addressed by hand. In a loop clang relocates only the first element and keeps the compile-time stride for
 * the others, but sizeof(struct free_area) differs between kernels.
 */
static __always_inline __u32 zone_orders(void)
{
	__u32 orders = bpf_core_field_size(((struct zone *)0)->free_area) / bpf_core_type_size(struct free_area);

	return orders < EVENT_ORDERS ? orders : EVENT_ORDERS;
}

/* Their sum in pages stands for the zone's free pages, until the counter is read. */
static __always_inline void read_free_blocks(struct zone *zone, struct zone_state *state, bool direct)
{
	__u32 stride = bpf_core_type_size(struct free_area);
	__u32 nr_free = bpf_core_field_offset(((struct zone *)0)->free_area) +
			bpf_core_field_offset(((struct free_area *)0)->nr_free);
	__u32 size = bpf_core_field_size(((struct zone *)0)->free_area);
	__u64 pages = 0;

#pragma unroll
	for (__u32 order = 0; order < EVENT_ORDERS; order++) {
		unsigned long blocks = 0;

		/* Not order < zone_orders(): the verifier cannot follow a division, and must know each offset. */
		if (order * stride < size)
			blocks = READ_BY(direct, unsigned long, zone, nr_free + order * stride);
		state->free_blocks[order] = blocks;
		pages += blocks << order;
	}
	state->free_pages = pages;
}

/*
 * 6.1 does not allow direct loads from an array of atomic_long_t. Without probe reads the free lists' sum stands in.
 */
static __always_inline void read_free_pages(struct zone *zone, struct zone_state *state)
{
	__u32 vm_stat = bpf_core_field_offset(((struct zone *)0)->vm_stat) +
			sizeof(long) * bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES);
	long pages;

	/* The counter is a sum of per-CPU batches and may be seen below zero; the kernel clamps it too. */
	if (probe_reads && bpf_probe_read_kernel(&pages, sizeof(pages), (const void *)zone + vm_stat) == 0)
		state->free_pages = pages > 0 ? pages : 0;
}

static __always_inline void read_zone_state(struct zone *zone, struct zone_state *state)
{
	read_free_blocks(zone, state, direct_loads);
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
