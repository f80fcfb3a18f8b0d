/* SPDX-License-Identifier: GPL-2.0 */
/* Reads of struct zone. Every read is a probe read, so that the same code serves every attach plan. */
#ifndef COMPACTSTALL_ZONE_H
#define COMPACTSTALL_ZONE_H

/*
 * free_area[] is addressed by hand: in a loop clang relocates the first element only and keeps the compile-time stride
 * for the others, while sizeof(struct free_area) differs between kernels.
 */
static __always_inline __u32 zone_orders(void)
{
	__u32 orders = bpf_core_field_size(((struct zone *)0)->free_area) / bpf_core_type_size(struct free_area);

	return orders < EVENT_ORDERS ? orders : EVENT_ORDERS;
}

static __always_inline void read_zone_state(struct zone *zone, struct zone_state *state)
{
	__u32 stride = bpf_core_type_size(struct free_area);
	const void *nr_free = (const void *)zone + bpf_core_field_offset(((struct zone *)0)->free_area) +
			      bpf_core_field_offset(((struct free_area *)0)->nr_free);
	const void *vm_stat = (const void *)zone + bpf_core_field_offset(((struct zone *)0)->vm_stat) +
			      sizeof(long) * bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES);
	__u32 orders = zone_orders();
	long pages = 0;

	bpf_probe_read_kernel(&pages, sizeof(pages), vm_stat);
	/* The counter is a sum of per-CPU batches and may be seen below zero; the kernel clamps it too. */
	state->free_pages = pages > 0 ? pages : 0;

#pragma unroll
	for (__u32 order = 0; order < EVENT_ORDERS; order++) {
		unsigned long blocks = 0;

		if (order < orders)
			bpf_probe_read_kernel(&blocks, sizeof(blocks), nr_free + order * stride);
		state->free_blocks[order] = blocks;
	}
}

/* The effective watermark, as /proc/zoneinfo prints it. */
static __always_inline __u64 zone_watermark(struct zone *zone, __u32 mark)
{
	unsigned long pages = 0;
	const void *marks = (const void *)zone + bpf_core_field_offset(((struct zone *)0)->_watermark);

	bpf_probe_read_kernel(&pages, sizeof(pages), marks + mark * sizeof(pages));
	return pages + BPF_CORE_READ(zone, watermark_boost);
}

static __always_inline __u32 zone_index(struct zone *zone)
{
	__u64 first = (__u64)BPF_CORE_READ(zone, zone_pgdat) +
		      bpf_core_field_offset(((struct pglist_data *)0)->node_zones);

	return ((__u64)zone - first) / bpf_core_type_size(struct zone);
}

#endif
