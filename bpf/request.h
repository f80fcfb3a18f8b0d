/* SPDX-License-Identifier: GPL-2.0 */
/* What is to be compacted, and for what: the same from the begin of a compaction to its end. */
#ifndef COMPACTSTALL_REQUEST_H
#define COMPACTSTALL_REQUEST_H

enum trigger *abi_trigger; /* keeps the enum in the object's BTF, for the generator */

struct request {
	__u64 zone; /* struct zone */
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

	request->zone = (__u64)zone;
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

#endif
