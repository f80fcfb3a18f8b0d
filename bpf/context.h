/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which span the current thread is in, from what its process publishes: OpenTelemetry's thread context, and the form of it
 * that Node.js has; else from what OpenTelemetry eBPF Instrumentation (OBI) knows of the thread. Read in the thread's own
 * context, when it can change nothing of it. The process is not trusted: each read is of a fixed size, each chain is bounded,
 * and whatever it leads to can only spoil that process's own trace.
 */
#ifndef COMPACTSTALL_CONTEXT_H
#define COMPACTSTALL_CONTEXT_H

/* Set before load. */
const volatile bool read_contexts = false;
const volatile bool read_obi_contexts = false;

enum context_source *abi_context_source; /* keep the enums in the object's BTF, for the generator */
enum tls_kind *abi_tls_kind;
struct exec_notice *abi_exec_notice;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread group id */
	__type(value, struct publisher);
} publishers SEC(".maps");

struct obi_context {
	__u8 trace_id[16];
	__u8 span_id[8];
};

/*
 * OBI's own map takes this one's place where it is pinned. OBI writes and removes a thread's entry mostly from within that
 * thread; nothing is written here.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct obi_context);
} traces_ctx_v1 SEC(".maps");

/* What otel_thread_ctx_v1 points to; attributes follow. */
struct thread_record {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u8 valid;
	__u8 flags;
};

/* otel_thread_ctx_nodejs_v1 */
struct nodejs_record {
	__u64 cped_slot; /* of the isolate's continuation-preserved embedder data; 0: closed */
	__u64 als_handle; /* of the AsyncLocalStorage, the key in the map */
	__u32 key_hash;
	__u8 record_offset; /* of the pointer to a struct thread_record in the value */
	__u8 reserved[3];
	__u64 undefined;
};

/* Each has its counter in the books. */
enum outcome { FOUND, UNPUBLISHED, STALE, NO_BLOCK, NO_SPAN, UNREADABLE, INVALID, NOT_IN_MAP };

static __always_inline bool read_user(void *to, __u32 size, __u64 from)
{
	return bpf_probe_read_user(to, size, (const void *)from) == 0;
}

static __always_inline struct task_struct *current_task(void)
{
	/* The typed one is newer than 5.10. */
	return direct_loads ? (struct task_struct *)bpf_get_current_task_btf() :
			      (struct task_struct *)bpf_get_current_task();
}

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

/* The address of the variable in this thread; leaves it 0 when it has none. */
static __always_inline enum outcome tls_address(__u64 *address, const struct tls_place *place, __u64 thread)
{
	bool glibc = place->kind == TLS_DYNAMIC_GLIBC;
	/* In glibc 16 bytes in front of the vector: how many entries there are, what is no concern here, its generation. */
	__u64 vector = 0, head[3] = {}, block = 0;

	if (place->kind == TLS_STATIC) {
		*address = thread + place->offset;
		return FOUND;
	}
	/* The thread's vector of blocks. glibc has 16 bytes an entry; musl 8, and the number of entries as entry 0. */
	if (!read_user(&vector, sizeof(vector), thread + 8) ||
	    !read_user(head, glibc ? sizeof(head) : sizeof(head[0]), glibc ? vector - 16 : vector))
		return UNREADABLE;
	if (place->module > head[0] || (glibc && head[2] < place->generation) ||
	    !read_user(&block, sizeof(block), vector + place->module * (glibc ? 16 : 8)) || !block || block == -1ULL)
		return NO_BLOCK;
	*address = block + place->offset;
	return FOUND;
}

static __always_inline bool take_ids(struct trace_context *context, const __u8 *trace_id, const __u8 *span_id)
{
	const __u64 *trace = (const __u64 *)trace_id, *span = (const __u64 *)span_id;

	if (!(trace[0] | trace[1]) || !*span)
		return false;
	__builtin_memcpy(context->trace_id, trace_id, sizeof(context->trace_id));
	__builtin_memcpy(context->span_id, span_id, sizeof(context->span_id));
	return true;
}

static __always_inline enum outcome take_record(struct trace_context *context, __u64 address,
						enum context_source source)
{
	struct thread_record record = {};

	if (!read_user(&record, sizeof(record), address))
		return UNREADABLE;
	if (record.valid != 1 || !take_ids(context, record.trace_id, record.span_id))
		return INVALID;
	context->flags = record.flags;
	context->source = source;
	return FOUND;
}

static __always_inline enum outcome read_thread_context(struct trace_context *context, const struct tls_place *place,
							__u64 thread)
{
	__u64 variable = 0, record = 0;
	enum outcome outcome = tls_address(&variable, place, thread);

	if (outcome != FOUND)
		return outcome;
	if (!read_user(&record, sizeof(record), variable))
		return UNREADABLE;
	return record ? take_record(context, record, CONTEXT_THREAD) : NO_SPAN;
}

/* The last bit of V8's pointers is set. */
#define UNTAG(pointer) ((pointer) & ~1ULL)
#define MAX_CHAIN 8

/*
 * A walk through the map that V8 keeps for the current asynchronous context: an OrderedHashMap, which is 16 bytes of header,
 * three words (elements, deleted, buckets), the heads of the buckets, and entries of three words (key, value, next).
 * Small integers are in the upper half of a word.
 */
static __always_inline enum outcome read_nodejs_context(struct trace_context *context, const struct tls_place *place,
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
	return word ? take_record(context, word, CONTEXT_NODEJS) : NO_SPAN;
}

static __always_inline void handle_exec(void)
{
	struct exec_notice notice = { .pid = bpf_get_current_pid_tgid() >> 32 };

	if (!send(&notice, sizeof(notice)))
		count(&books.exec_unsent, 1);
}

static __always_inline bool is_process(const struct publisher *publisher, struct mm_struct *mm, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);

	return READ(mm, start_stack) == publisher->start_stack &&
	       READ(leader, start_boottime) / 10000000 == publisher->started;
}

/*
 * A child that was forked, and is not known itself, has what its parent has where its parent has it, until it calls exec:
 * up to then they share the open file of their program. NULL when the parent is not known either, or is not what it was.
 */
static __always_inline struct publisher *parents_publisher(struct mm_struct *mm, struct task_struct *task)
{
	struct task_struct *parent = READ(task, real_parent);
	struct mm_struct *parents_mm = READ(parent, mm);
	struct publisher *publisher;
	__u32 process;

	if (!parents_mm || READ(parents_mm, exe_file) != READ(mm, exe_file))
		return NULL;
	process = READ(parent, tgid);
	publisher = bpf_map_lookup_elem(&publishers, &process);
	return publisher && is_process(publisher, mm, parent) ? publisher : NULL;
}

static __always_inline enum outcome find_context(struct trace_context *context)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct publisher *publisher = bpf_map_lookup_elem(&publishers, &process);
	struct task_struct *task = current_task();
	struct mm_struct *mm = READ(task, mm);
	enum outcome outcome = UNPUBLISHED, other;
	__u64 thread;

	if (!mm)
		return UNPUBLISHED;
	if (publisher && !is_process(publisher, mm, task))
		return STALE;
	if (!publisher)
		publisher = parents_publisher(mm, task);
	if (!publisher)
		return UNPUBLISHED;
	thread = thread_pointer(task);
	if (publisher->thread.kind != TLS_NONE)
		outcome = read_thread_context(context, &publisher->thread, thread);
	if (outcome == FOUND || publisher->nodejs.kind == TLS_NONE)
		return outcome;
	other = read_nodejs_context(context, &publisher->nodejs, thread);
	/* That something is wrong says more than that nothing is there. */
	return other == FOUND || outcome == UNPUBLISHED || outcome == NO_SPAN || outcome == NO_BLOCK ? other : outcome;
}

/* @outcome: why the process's own publications gave none, which it stays for a thread that OBI does not know, either. */
static __always_inline enum outcome read_obi_context(struct trace_context *context, enum outcome outcome)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *task = current_task();
	struct obi_context *entry;

	/* A kernel thread serves no request; one of a process that has gone may have had its pid. */
	if (!READ(task, mm))
		return outcome;
	entry = bpf_map_lookup_elem(&traces_ctx_v1, &pid_tgid);
	if (!entry)
		return outcome;
	if (!take_ids(context, entry->trace_id, entry->span_id))
		return INVALID;
	context->source = CONTEXT_OBI;
	return FOUND;
}

static __always_inline void count_outcome(enum outcome outcome, __u64 n)
{
	switch (outcome) {
	case FOUND:
		count(&books.context_found, n);
		break;
	case UNPUBLISHED:
		count(&books.context_unpublished, n);
		break;
	case STALE:
		count(&books.context_stale, n);
		break;
	case NO_BLOCK:
		count(&books.context_no_block, n);
		break;
	case NO_SPAN:
		count(&books.context_no_span, n);
		break;
	case UNREADABLE:
		count(&books.context_unreadable, n);
		break;
	case INVALID:
		count(&books.context_invalid, n);
		break;
	case NOT_IN_MAP:
		count(&books.context_not_in_map, n);
		break;
	}
}

/*
 * Leaves the context's source CONTEXT_NONE where there is none. Returns whether to try once more at the end: the process's own
 * word is worth waiting for, before OBI is asked.
 */
static __always_inline bool read_context(struct trace_context *context)
{
	enum outcome outcome;

	if (!read_contexts)
		return false;
	outcome = find_context(context);
	if (outcome != FOUND && outcome != UNREADABLE && read_obi_contexts)
		outcome = read_obi_context(context, outcome);
	count_outcome(outcome, 1);
	return outcome == UNREADABLE;
}

/*
 * A page that is not there just then, as NUMA balancing took it away or it is being moved, cannot be read, and here is not
 * waited for it. The thread has not left the kernel since its compaction began, so at the end it still is in the same span.
 */
static __always_inline void read_context_again(struct trace_context *context)
{
	enum outcome outcome = find_context(context);

	if (outcome != FOUND && read_obi_contexts)
		outcome = read_obi_context(context, outcome);
	count_outcome(UNREADABLE, -1);
	count_outcome(outcome, 1);
}

#endif
