/* SPDX-License-Identifier: GPL-2.0 */
/* What is to be compacted, and for what: the same from the begin of a compaction to its end. And how far it came. */
#ifndef COMPACTSTALL_REQUEST_H
#define COMPACTSTALL_REQUEST_H

enum trigger *abi_trigger; /* keeps the enum in the object's BTF, for the generator */

struct request {
	__u64 watermark_min;
	__u64 watermark_low;
	__u64 watermark_high;
	__s32 node;
	__u32 zone_index;
	__s32 order;
	__u32 gfp;
	__u32 mode;
	__u32 trigger; /* enum trigger */
};

static __always_inline enum trigger trigger_of(struct compact_control *cc, int order, bool direct)
{
	if (READ_FIELD(direct, cc, direct_compaction))
		return TRIGGER_DIRECT;
	if (bpf_core_field_exists(cc->proactive_compaction) && READ_FIELD(direct, cc, proactive_compaction))
		return TRIGGER_PROACTIVE;
	return order == -1 ? TRIGGER_MANUAL : TRIGGER_KCOMPACTD;
}

/* @direct: whether the verifier knows the types of these pointers. */
static __always_inline void read_request(struct request *request, struct compact_control *cc, struct zone *zone, bool direct)
{
	struct pglist_data *node = READ_FIELD(direct, zone, zone_pgdat);
	__u64 boost = READ_FIELD(direct, zone, watermark_boost);

	request->watermark_min = zone_watermark(zone, WMARK_MIN, direct) + boost;
	request->watermark_low = zone_watermark(zone, WMARK_LOW, direct) + boost;
	request->watermark_high = zone_watermark(zone, WMARK_HIGH, direct) + boost;
	request->node = READ_FIELD(direct, node, node_id);
	request->zone_index = zone_index(zone, node);
	request->order = READ_FIELD(direct, cc, order);
	request->gfp = READ_FIELD(direct, cc, gfp_mask);
	request->mode = READ_FIELD(direct, cc, mode);
	request->trigger = trigger_of(cc, request->order, direct);
}

/* The pages that a compaction has scanned so far. */
struct scanned {
	unsigned long migrate;
	unsigned long free;
};

/* One read where the counters stand side by side, as they do. */
static __always_inline struct scanned read_scanned(struct compact_control *cc)
{
	__u32 migrate = bpf_core_field_offset(cc->total_migrate_scanned);
	__u32 free = bpf_core_field_offset(cc->total_free_scanned);
	struct scanned scanned = {};

	if (direct_loads || free != migrate + sizeof(long)) {
		scanned.migrate = READ(cc, total_migrate_scanned);
		scanned.free = READ(cc, total_free_scanned);
	} else {
		bpf_probe_read_kernel(&scanned, sizeof(scanned), (const void *)cc + migrate);
	}
	return scanned;
}

#endif
