/* SPDX-License-Identifier: GPL-2.0 */
/* The work of the programs, whatever they are attached to. */
#ifndef COMPACTSTALL_HANDLERS_H
#define COMPACTSTALL_HANDLERS_H

/* Set before load. */
const volatile __u32 only_pid = 0; /* 0: all */
const volatile __u32 trigger_mask = 0xf; /* bit: enum trigger */
const volatile __u64 min_duration_ns = 0;

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

static __always_inline void fill_process(struct event *event, struct task_struct *task)
{
	struct task_struct *leader = main_thread(task);

	event->started = started_at(leader);
	fill_fork(event, task, leader);
}

static __always_inline void fill_request(struct event *event, const struct open_compaction *begin)
{
	const struct request *request = &begin->request;
	bool attempt_known = begin->attempt.ns != 0;

	event->watermark_min = request->watermark_min;
	event->watermark_low = request->watermark_low;
	event->watermark_high = request->watermark_high;
	event->node = request->node;
	event->zone_index = request->zone_index;
	event->order = request->order;
	event->gfp = request->gfp;
	event->mode = request->mode;
	event->trigger = request->trigger;
	event->attempt_ns = begin->attempt.ns;
	event->priority = attempt_known ? begin->attempt.priority : -1;
	if (request->trigger == TRIGGER_DIRECT && !attempt_known)
		count(&books.attempt_unknown, 1);
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

static __always_inline struct open_compaction *this_compaction(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&cs_in_progress, &pid_tgid);
}

static __always_inline void begin_without_control(void)
{
	count(&books.begins, 1);
	count(&books.evicted_no_control, 1);
}

/* Completes and stores a begin whose request and zone were read. @attempt: NULL when it is not known */
static __always_inline void store_begin(void *ctx, struct open_compaction *begin, const struct attempt *attempt)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	count(&books.begins, 1);
	begin->attempt = attempt ? *attempt : (struct attempt){};
	begin->cpu = bpf_get_smp_processor_id();
	begin->span = (struct active_span){};
	begin->context_unreadable = read_context(&begin->span);
	note_first_frames(ctx, &pid_tgid);
	begin->begin_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&cs_in_progress, &pid_tgid, begin, BPF_NOEXIST))
		count(&books.open_now, 1);
	else if (!bpf_map_update_elem(&cs_in_progress, &pid_tgid, begin, BPF_EXIST))
		count(&books.evicted_overwritten, 1);
	else
		count(&books.evicted_table_full, 1);
}

/* A begin is built here; see cs_scratch. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct open_compaction);
} cs_begin SEC(".maps");

/* The tracepoint passes compact_control. */
static __always_inline void handle_begin(void *ctx, struct compact_control *cc)
{
	__u32 zero = 0;
	struct open_compaction *begin = bpf_map_lookup_elem(&cs_begin, &zero);
	struct zone *zone = READ(cc, zone);
	struct thread *thread = NULL;

	if (!begin) {
		begin_without_control();
		return;
	}
	begin->control = (__u64)cc;
	read_request(&begin->request, cc, zone, direct_loads);
	read_zone_state(zone, &begin->zone);
	if (begin->request.trigger == TRIGGER_DIRECT)
		thread = known_thread();
	store_begin(ctx, begin, thread ? &thread->attempt : NULL);
}

static __always_inline const struct attempt *attempt_of(const struct thread *thread)
{
	return thread->call.request.trigger == TRIGGER_DIRECT ? &thread->attempt : NULL;
}

/*
 * A call may return before its begin tracepoint and leave its pointer behind. So the zone must be the tracepoint's: a pointer
 * from an earlier call does not lead to it.
 */
static __always_inline void handle_begin_of_call(void *ctx, unsigned long zone_start)
{
	struct thread *thread = known_thread();
	struct compact_control *cc;
	struct zone *zone;

	if (thread) {
		cc = (struct compact_control *)thread->call.control;
		zone = READ(cc, zone);
		if (READ(zone, zone_start_pfn) == zone_start) {
			read_request(&thread->call.request, cc, zone, false);
			read_zone_state(zone, &thread->call.zone);
			store_begin(ctx, &thread->call, attempt_of(thread));
			return;
		}
	}
	begin_without_control();
}

/* The same where the call read the request and the zone. */
static __always_inline void handle_begin_of_typed_call(void *ctx, unsigned long zone_start)
{
	struct thread *thread = known_thread();

	if (!thread || !thread->call.control || thread->zone_start != zone_start) {
		begin_without_control();
		return;
	}
	read_free_pages((struct zone *)thread->call.request.zone, &thread->call.zone);
	store_begin(ctx, &thread->call, attempt_of(thread));
	thread->call.control = 0;
}

/* @begin and @cc are NULL when the compaction began before the programs were attached; cc is known where it is passed. */
static __always_inline void end(void *ctx, struct open_compaction *begin, struct compact_control *cc, struct zone *zone,
				int status, __u64 end_ns)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 migrate_scanned, free_scanned, duration_ns;
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
	duration_ns = end_ns - begin->begin_ns;
	if (aggregates)
		aggregate(&begin->request, status, duration_ns, migrate_scanned, free_scanned);

	scratch = bpf_map_lookup_elem(&cs_scratch, &zero);
	if (!scratch) {
		count(&books.no_scratch, 1);
		goto out;
	}
	event = &scratch->event;
	ids = current_ids();
	if (filtered(ids.process, begin->request.trigger, duration_ns) ||
	    over_limit(begin->request.trigger, begin->begin_ns, end_ns))
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
	event->status = status;
	fill_process(event, current_task());
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	fill_request(event, begin);
	read_zone_state(zone, &event->end);
	event->orders = zone_orders();
	read_zone_name(zone, event->zone_index, event->zone);

	fill_stack(scratch, ctx, &pid_tgid, end_ns);
	fill_attributes(event, &begin->span);
	emit(scratch);
out:
	bpf_map_delete_elem(&cs_in_progress, &pid_tgid);
}

static __always_inline void handle_end(void *ctx, struct compact_control *cc, int status)
{
	__u64 end_ns = bpf_ktime_get_ns();

	end(ctx, this_compaction(), cc, READ(cc, zone), status, end_ns);
}

/* The tracepoint does not pass compact_control; the begin knew it. */
static __always_inline void handle_end_of_call(void *ctx, int status)
{
	__u64 end_ns = bpf_ktime_get_ns();
	struct open_compaction *begin = this_compaction();
	struct compact_control *cc = begin ? (struct compact_control *)begin->control : NULL;
	struct zone *zone = begin ? (struct zone *)begin->request.zone : NULL;

	end(ctx, begin, cc, zone, status, end_ns);
}

#endif
