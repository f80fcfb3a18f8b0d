/* SPDX-License-Identifier: GPL-2.0 */
/* Node.js's form of the thread context. A thread has many asynchronous contexts, and V8 knows the current one. */
#ifndef COMPACTSTALL_NODEJS_CONTEXT_H
#define COMPACTSTALL_NODEJS_CONTEXT_H

/* otel_thread_ctx_nodejs_v1 */
struct nodejs_record {
	__u64 cped_slot; /* of the isolate's continuation-preserved embedder data; 0: closed */
	__u64 als_handle; /* of the AsyncLocalStorage, the key in the map */
	__u32 key_hash;
	__u8 record_offset; /* of the pointer to a struct thread_record in the value */
	__u8 reserved[3];
	__u64 undefined;
};

/* The last bit of V8's pointers is set. */
#define UNTAG(pointer) ((pointer) & ~1ULL)
#define MAX_CHAIN 8

/*
 * Walks through the map that V8 keeps for the current asynchronous context: an OrderedHashMap of a 16-byte header, three
 * words (elements, deleted, buckets), the heads of the buckets, and entries of three words (key, value, next). Small
 * integers are in the upper half of a word.
 */
static __always_inline enum outcome read_nodejs_context(struct active_span *span, const struct tls_place *place,
							__u64 thread)
{
	__u64 variable = 0, frame = 0, table = 0, key = 0, word = 0, entry[3] = {};
	enum outcome outcome = tls_address(&variable, place, thread);
	struct nodejs_record record = {};
	__u32 buckets, index;

	if (outcome != FOUND)
		return outcome;
	if (!read_user(&record, sizeof(record), variable))
		return UNREADABLE;
	if (!record.cped_slot || !record.als_handle)
		return NO_SPAN;
	if (!read_user(&frame, sizeof(frame), record.cped_slot))
		return UNREADABLE;
	if (!frame || frame == record.undefined)
		return NO_SPAN;
	if (!read_user(&table, sizeof(table), UNTAG(frame) + 24) || !read_user(&key, sizeof(key), record.als_handle))
		return UNREADABLE;
	table = UNTAG(table) + 16;
	if (!read_user(&word, sizeof(word), table + 16))
		return UNREADABLE;
	buckets = word >> 32;
	if (!buckets || buckets & (buckets - 1))
		return NOT_IN_MAP;
	if (!read_user(&word, sizeof(word), table + 24 + 8ULL * (record.key_hash & (buckets - 1))))
		return UNREADABLE;
	for (int i = 0; i < MAX_CHAIN; i++) {
		index = word >> 32;
		if (index == (__u32)-1)
			return NO_SPAN;
		if (!read_user(entry, sizeof(entry), table + 24 + 8ULL * buckets + 24ULL * index))
			return UNREADABLE;
		if (entry[0] == key)
			break;
		word = entry[2];
	}
	if (entry[0] != key)
		return NOT_IN_MAP;
	if (entry[1] == record.undefined)
		return NO_SPAN;
	if (!read_user(&word, sizeof(word), UNTAG(entry[1]) + record.record_offset))
		return UNREADABLE;
	return word ? take_record(span, word, CONTEXT_NODEJS) : NO_SPAN;
}

#endif
