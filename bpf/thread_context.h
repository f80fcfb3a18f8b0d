/* SPDX-License-Identifier: GPL-2.0 */
/*
 * OpenTelemetry's thread context (OTEP 4947): a variable of each thread, and the record that it points to. The process is not
 * trusted: each read has a fixed size, each chain is bounded, and a wrong pointer can spoil only that process's own trace.
 */
#ifndef COMPACTSTALL_THREAD_CONTEXT_H
#define COMPACTSTALL_THREAD_CONTEXT_H

/* The record that otel_thread_ctx_v1 points to; attributes follow. */
struct thread_record {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u8 valid;
	__u8 flags;
	__u16 attributes_size;
};

/* A span that was found, and where its attributes are. They are read at the end, and only of a compaction that is sent. */
struct active_span {
	struct trace_context context;
	__u32 reserved;
	__u64 attributes;
};

/*
 * On arm64 the kernel saves the register when it switches the thread out. A new thread's value is there from the start; after exec(2)
 * it is the old program's until the first switch. That comes before the agent knows the process: even a thread with a CPU for itself
 * is switched out now and then, three times in 12 s when it was tried.
 */
static __always_inline __u64 thread_pointer(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return READ(task, thread.fsbase);
#elif defined(__TARGET_ARCH_arm64)
	return READ(task, thread.uw.tp_value);
#else
#error "where is the thread pointer?"
#endif
}

/* The offset from the thread pointer to the pointer to the thread's vector of blocks. */
static __always_inline int vector_offset(bool glibc)
{
#if defined(__TARGET_ARCH_x86)
	return 8;
#else
	return glibc ? 0 : -8;
#endif
}

/* Finds the address of the variable in this thread; it stays 0 when the thread has none. */
static __always_inline enum outcome tls_address(__u64 *address, const struct tls_place *place, __u64 thread)
{
	bool glibc = place->kind == TLS_DYNAMIC_GLIBC;
	/* glibc has 16 bytes in front of the vector: the number of entries and an unused word; then the generation. */
	__u64 vector = 0, head[3] = {}, block = 0;

	if (place->kind == TLS_STATIC) {
		*address = thread + place->offset;
		return FOUND;
	}
	/* The thread's vector of blocks. An entry has 16 bytes in glibc. In musl it has 8, and entry 0 is the number of entries. */
	if (!read_user(&vector, sizeof(vector), thread + vector_offset(glibc)) ||
	    !read_user(head, glibc ? sizeof(head) : sizeof(head[0]), glibc ? vector - 16 : vector))
		return UNREADABLE;
	if (place->module > head[0] || (glibc && head[2] < place->generation))
		return NO_BLOCK;
	if (!read_user(&block, sizeof(block), vector + place->module * (glibc ? 16 : 8)))
		return UNREADABLE;
	if (!block || block == -1ULL)
		return NO_BLOCK;
	*address = block + place->offset;
	return FOUND;
}

/* Zeros in both ids are OpenTelemetry's invalid span, which is current where no span is. */
static __always_inline enum outcome take_ids(struct trace_context *context, const __u8 *trace_id, const __u8 *span_id)
{
	const __u64 *trace = (const __u64 *)trace_id, *span = (const __u64 *)span_id;
	bool has_trace = trace[0] | trace[1], has_span = *span;

	if (!has_trace || !has_span)
		return has_trace || has_span ? INVALID : NO_SPAN;
	__builtin_memcpy(context->trace_id, trace_id, sizeof(context->trace_id));
	__builtin_memcpy(context->span_id, span_id, sizeof(context->span_id));
	return FOUND;
}

static __always_inline enum outcome take_record(struct active_span *span, __u64 address, enum context_source source)
{
	struct thread_record record = {};
	enum outcome outcome;

	if (!read_user(&record, sizeof(record), address))
		return UNREADABLE;
	/* Publishers keep a thread's record between its spans and clear this. */
	if (record.valid == 0)
		return NO_SPAN;
	outcome = record.valid == 1 ? take_ids(&span->context, record.trace_id, record.span_id) : INVALID;
	if (outcome == FOUND) {
		span->context.flags = record.flags;
		span->context.source = source;
		span->attributes = address + sizeof(record);
		span->context.attributes_size = record.attributes_size;
	}
	return outcome;
}

static __always_inline enum outcome read_thread_context(struct active_span *span, const struct tls_place *place,
							__u64 thread)
{
	__u64 variable = 0, record = 0;
	enum outcome outcome = tls_address(&variable, place, thread);

	if (outcome != FOUND)
		return outcome;
	if (!read_user(&record, sizeof(record), variable))
		return UNREADABLE;
	return record ? take_record(span, record, CONTEXT_THREAD) : NO_SPAN;
}

#endif
