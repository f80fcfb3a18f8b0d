/* SPDX-License-Identifier: GPL-2.0 */
/* The work of the programs, whatever they are attached to. */
#ifndef COMPACTSTALL_HANDLERS_H
#define COMPACTSTALL_HANDLERS_H

/* Set before load. */
const volatile __u32 only_pid = 0; /* 0: all */
const volatile __u32 trigger_mask = 0xf; /* bit: enum trigger */
const volatile __u64 min_duration_ns = 0;

enum trigger *abi_trigger; /* keeps the enum in the object's BTF, for the generator */

struct open_compaction {
	__u64 begin_ns;
	__u64 control; /* struct compact_control */
	__u32 cpu;
	__u32 context_unreadable;
	struct zone_state zone;
	struct active_span span;
};

/* Compactions in progress. Preallocated: this runs under memory pressure, when an allocation may fail. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid: a compacting thread may change its CPU */
	__type(value, struct open_compaction);
} cs_in_progress SEC(".maps");

/*
 * The argument of compact_zone(), where the tracepoints do not pass it. There is no program on its return: a kretprobe has
 * room for twice as many calls as there are CPUs, and stalled threads sleep. So the map evicts the least recently used.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid */
	__type(value, __u64); /* struct compact_control */
} cs_zone_calls SEC(".maps");

struct attempt {
	__u64 ns; /* CLOCK_MONOTONIC; together with the thread it identifies the attempt */
	__s32 priority;
	__u32 reserved;
};

/* Direct attempts. Nothing marks the end of an attempt, so the map evicts the least recently used. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct attempt);
} cs_attempts SEC(".maps");

static __always_inline enum trigger trigger_of(struct compact_control *cc)
{
	if (READ(cc, direct_compaction))
		return TRIGGER_DIRECT;
	if (bpf_core_field_exists(cc->proactive_compaction) && READ(cc, proactive_compaction))
		return TRIGGER_PROACTIVE;
	return READ(cc, order) == -1 ? TRIGGER_MANUAL : TRIGGER_KCOMPACTD;
}

/* Whether the user filtered the compaction out; counts the reason. */
static __always_inline bool filtered(__u32 pid, enum trigger trigger, __u64 duration_ns)
{
	if (only_pid && only_pid != pid)
		count(&books.filtered_pid, 1);
	else if (!(trigger_mask & (1U << trigger)))
		count(&books.filtered_trigger, 1);
	else if (duration_ns < min_duration_ns)
		count(&books.filtered_min_duration, 1);
	else
		return false;
	return true;
}

static __always_inline void fill_attempt(struct event *event, __u64 pid_tgid)
{
	struct attempt *attempt;

	event->attempt_ns = 0;
	event->priority = -1;
	if (event->trigger != TRIGGER_DIRECT)
		return;
	attempt = bpf_map_lookup_elem(&cs_attempts, &pid_tgid);
	if (!attempt) {
		count(&books.attempt_unknown, 1);
		return;
	}
	event->attempt_ns = attempt->ns;
	event->priority = attempt->priority;
}

static __always_inline void fill_zone(struct event *event, struct zone *zone)
{
	struct pglist_data *node = READ(zone, zone_pgdat);

	read_zone_state(zone, &event->end);
	event->watermark_min = zone_watermark(zone, WMARK_MIN);
	event->watermark_low = zone_watermark(zone, WMARK_LOW);
	event->watermark_high = zone_watermark(zone, WMARK_HIGH);
	event->node = READ(node, node_id);
	event->zone_index = zone_index(zone, node);
	event->orders = zone_orders();
	read_zone_name(zone, event->zone);
}

/* Copies the span's attributes behind the stack. A page that is away now loses them. */
static __always_inline void fill_attributes(struct event *event, const struct active_span *span)
{
	__u64 size = span->context.attributes_size;
	/* Read again: 6.1's verifier does not carry the bounds of one copy of a value over to another. */
	__u64 at = *(volatile __u32 *)&event->stack_size;

	event->context.attributes_size = 0;
	if (!read_contexts || !size || at > sizeof(event->stack))
		return;
	if (size > EVENT_ATTRIBUTES_SIZE)
		size = EVENT_ATTRIBUTES_SIZE;
	if (read_user((char *)event->stack + at, size, span->attributes))
		event->context.attributes_size = size;
}

static __always_inline void handle_attempt(int priority)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct attempt attempt = { .ns = bpf_ktime_get_ns(), .priority = priority };

	/* On failure no attempt is better than the thread's previous one. */
	if (bpf_map_update_elem(&cs_attempts, &pid_tgid, &attempt, BPF_ANY))
		bpf_map_delete_elem(&cs_attempts, &pid_tgid);
}

/* Handles a call of compact_zone(cc); the begin tracepoint may follow. */
static __always_inline void handle_call(struct compact_control *cc)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 control = (__u64)cc;

	/* On failure no argument is better than that of the thread's previous call. */
	if (bpf_map_update_elem(&cs_zone_calls, &pid_tgid, &control, BPF_ANY))
		bpf_map_delete_elem(&cs_zone_calls, &pid_tgid);
}

/*
 * The compact_control of the call that this thread is in. A call may return before its begin tracepoint and leave its
 * pointer behind. So the zone must be the tracepoint's: a pointer from an earlier call does not lead to it.
 */
static __always_inline struct compact_control *called_control(unsigned long zone_start)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 *control = bpf_map_lookup_elem(&cs_zone_calls, &pid_tgid);
	struct compact_control *cc;
	struct zone *zone;

	if (!control)
		return NULL;
	cc = (struct compact_control *)*control;
	zone = READ(cc, zone);
	return READ(zone, zone_start_pfn) == zone_start ? cc : NULL;
}

/* The compact_control with which this thread's compaction began; NULL when it began before the programs were attached. */
static __always_inline struct compact_control *open_control(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct open_compaction *begin = bpf_map_lookup_elem(&cs_in_progress, &pid_tgid);

	return begin ? (struct compact_control *)begin->control : NULL;
}

/* In handle_begin and handle_end cc is NULL when the thread's compact_control is unknown. */
static __always_inline void handle_begin(void *ctx, struct compact_control *cc)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct open_compaction begin = { .control = (__u64)cc, .cpu = bpf_get_smp_processor_id() };

	count(&books.begins, 1);
	if (!cc) {
		count(&books.evicted_no_control, 1);
		return;
	}
	read_zone_state(READ(cc, zone), &begin.zone);
	begin.context_unreadable = read_context(&begin.span);
	note_first_frames(ctx, &pid_tgid);
	begin.begin_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&cs_in_progress, &pid_tgid, &begin, BPF_NOEXIST))
		count(&books.open_now, 1);
	else if (!bpf_map_update_elem(&cs_in_progress, &pid_tgid, &begin, BPF_EXIST))
		count(&books.evicted_overwritten, 1);
	else
		count(&books.evicted_table_full, 1);
}

static __always_inline void handle_end(void *ctx, struct compact_control *cc, int status)
{
	__u64 end_ns = bpf_ktime_get_ns();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct open_compaction *begin = bpf_map_lookup_elem(&cs_in_progress, &pid_tgid);
	__u64 migrate_scanned, free_scanned, duration_ns;
	enum trigger trigger;
	struct scratch *scratch;
	struct event *event;
	struct ids ids;
	__u32 zero = 0;

	count(&books.ends, 1);
	if (!cc) {
		count(&books.end_without_begin, 1);
		count(&books.end_pages_unknown, 1);
		return;
	}
	migrate_scanned = READ(cc, total_migrate_scanned);
	free_scanned = READ(cc, total_free_scanned);
	count(&books.migrate_scanned, migrate_scanned);
	count(&books.free_scanned, free_scanned);
	if (!begin) {
		count(&books.end_without_begin, 1);
		return;
	}
	count(&books.paired, 1);
	count(&books.open_now, -1);
	trigger = trigger_of(cc);
	duration_ns = end_ns - begin->begin_ns;
	if (aggregates)
		aggregate(cc, trigger, status, duration_ns, migrate_scanned, free_scanned);

	scratch = bpf_map_lookup_elem(&cs_scratch, &zero);
	if (!scratch) {
		count(&books.no_scratch, 1);
		goto out;
	}
	event = &scratch->event;
	ids = current_ids();
	if (filtered(ids.process, trigger, duration_ns) || over_limit(trigger, begin->begin_ns, end_ns))
		goto out;

	event->begin_ns = begin->begin_ns;
	event->duration_ns = duration_ns;
	event->cgroup_id = bpf_get_current_cgroup_id();
	event->migrate_scanned = migrate_scanned;
	event->free_scanned = free_scanned;
	event->begin = begin->zone;
	if (read_contexts && begin->context_unreadable)
		read_context_again(&begin->span);
	event->context = begin->span.context;
	event->pid = ids.process;
	event->tid = ids.thread;
	event->cpu = begin->cpu;
	event->order = READ(cc, order);
	event->gfp = READ(cc, gfp_mask);
	event->mode = READ(cc, mode);
	event->status = status;
	event->trigger = trigger;
	event->started = started_at(current_task());
	fill_fork(event, current_task());
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_attempt(event, pid_tgid);
	fill_zone(event, READ(cc, zone));

	fill_stack(scratch, ctx, &pid_tgid, end_ns);
	fill_attributes(event, &begin->span);
	emit(scratch);
out:
	bpf_map_delete_elem(&cs_in_progress, &pid_tgid);
}

#endif
