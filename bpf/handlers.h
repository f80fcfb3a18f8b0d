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

static __always_inline void fill_request(struct event *event, const struct request *request)
{
	event->watermark_min = request->watermark_min;
	event->watermark_low = request->watermark_low;
	event->watermark_high = request->watermark_high;
	event->node = request->node;
	event->zone_index = request->zone_index;
	event->order = request->order;
	event->gfp = request->gfp;
	event->mode = request->mode;
	event->trigger = request->trigger;
}

/* Only a direct compaction is part of an attempt. @thread: NULL when nothing is known of it */
static __always_inline void fill_attempt(struct event *event, const struct thread *thread)
{
	event->attempt_ns = 0;
	event->priority = -1;
	if (event->trigger != TRIGGER_DIRECT || !thread || !thread->attempt.ns)
		return;
	event->attempt_ns = thread->attempt.ns;
	event->priority = thread->attempt.priority;
}

/* Copies the span's attributes behind the stack. A page that is away now loses them. */
static __always_inline void fill_attributes(struct event *event, struct scratch *scratch, const struct active_span *span)
{
	__u64 size = span->context.attributes_size;
	/* Read again: 6.1's verifier does not carry the bounds of one copy of a value over to another. */
	__u64 at = *(volatile __u32 *)&event->stack_size;

	event->context.attributes_size = 0;
	if (!read_contexts || !size || at > sizeof(event->stack))
		return;
	if (size > EVENT_ATTRIBUTES_SIZE)
		size = EVENT_ATTRIBUTES_SIZE;
	if (read_user((char *)scratch->event.stack + at, size, span->attributes))
		event->context.attributes_size = size;
}

static __always_inline void begin_without_control(void)
{
	count(&books.begins, 1);
	count(&books.evicted_no_control, 1);
}

/* Completes a begin whose request and zone were read. @thread: NULL when nothing is known of it */
static __always_inline void complete_begin(void *ctx, struct compaction *compaction, struct compact_control *cc,
					   struct zone *zone, const struct thread *thread)
{
	struct event *event = record_of(compaction);
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	compaction->control = (__u64)cc;
	compaction->zone = (__u64)zone;
	fill_attempt(event, thread);
	event->cpu = bpf_get_smp_processor_id();
	compaction->span = (struct active_span){};
	compaction->context_unreadable = read_context(&compaction->span);
	note_first_frames(ctx, &pid_tgid);
	event->begin_ns = bpf_ktime_get_ns();
}

/* @direct: whether the verifier knows the types of these pointers. */
static __always_inline void read_begin(struct event *event, struct compact_control *cc, struct zone *zone, bool direct)
{
	struct request request;

	read_request(&request, cc, zone, direct);
	fill_request(event, &request);
	read_zone_state(zone, &event->begin, direct);
}

/* The tracepoint passes compact_control. */
static __always_inline void handle_begin(void *ctx, struct compact_control *cc)
{
	struct compaction *compaction = begin_compaction();
	struct zone *zone = READ(cc, zone);
	struct event *event;

	if (!compaction)
		return;
	event = record_of(compaction);
	read_begin(event, cc, zone, direct_loads);
	complete_begin(ctx, compaction, cc, zone, event->trigger == TRIGGER_DIRECT ? known_thread() : NULL);
}

/*
 * A call may return before its begin tracepoint and leave its pointer behind. So the zone must be the tracepoint's: a pointer
 * from an earlier call does not lead to it.
 */
static __always_inline void handle_begin_of_call(void *ctx, unsigned long zone_start)
{
	struct thread *thread = known_thread();
	struct compact_control *cc = thread ? (struct compact_control *)thread->call.control : NULL;
	struct zone *zone = READ(cc, zone);
	struct compaction *compaction;

	if (!thread || READ(zone, zone_start_pfn) != zone_start) {
		begin_without_control();
		return;
	}
	compaction = begin_compaction();
	if (!compaction)
		return;
	read_begin(record_of(compaction), cc, zone, false);
	complete_begin(ctx, compaction, cc, zone, thread);
}

/* The same where the call read the request and the zone. */
static __always_inline void handle_begin_of_typed_call(void *ctx, unsigned long zone_start)
{
	struct thread *thread = known_thread();
	struct compaction *compaction;
	struct event *event;
	struct zone *zone;

	if (!thread || !thread->call.control || thread->call.zone_start != zone_start) {
		begin_without_control();
		return;
	}
	compaction = begin_compaction();
	if (!compaction)
		return;
	event = record_of(compaction);
	zone = (struct zone *)thread->call.zone;
	fill_request(event, &thread->call.request);
	event->begin = thread->call.state;
	read_free_pages(zone, &event->begin);
	complete_begin(ctx, compaction, (struct compact_control *)thread->call.control, zone, thread);
	thread->call.control = 0;
}

/*
 * @compaction is NULL when it began before the programs were attached. Then @cc is known only where the tracepoint passes it.
 */
static __always_inline void end(void *ctx, struct compaction *compaction, struct compact_control *cc, struct zone *zone,
				int status, __u64 end_ns)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct scratch *scratch;
	struct event *event;
	struct scanned scanned;
	struct ids ids;
	__u32 zero = 0;

	count(&books.ends, 1);
	if (!cc) {
		count(&books.end_without_begin, 1);
		count(&books.end_pages_unknown, 1);
		return;
	}
	scanned = read_scanned(cc);
	count(&books.migrate_scanned, scanned.migrate);
	count(&books.free_scanned, scanned.free);
	if (!compaction) {
		count(&books.end_without_begin, 1);
		return;
	}
	count(&books.paired, 1);
	count(&books.open_now, -1);
	event = record_of(compaction);
	event->duration_ns = end_ns - event->begin_ns;
	event->migrate_scanned = scanned.migrate;
	event->free_scanned = scanned.free;
	event->status = status;
	event->cgroup_id = bpf_get_current_cgroup_id();
	if (aggregates)
		aggregate(event);

	scratch = bpf_map_lookup_elem(&cs_scratch, &zero);
	if (!scratch) {
		count(&books.no_scratch, 1);
		goto out;
	}
	ids = current_ids();
	if (filtered(ids.process, event->trigger, event->duration_ns) ||
	    over_limit(event->trigger, event->begin_ns, end_ns))
		goto out;

	if (event->trigger == TRIGGER_DIRECT && !event->attempt_ns)
		count(&books.attempt_unknown, 1);
	if (read_contexts && compaction->context_unreadable)
		read_context_again(&compaction->span);
	event->context = compaction->span.context;
	event->pid = ids.process;
	event->tid = ids.thread;
	fill_process(event, current_task());
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	read_zone_state(zone, &event->end, direct_loads);
	event->orders = zone_orders();
	read_zone_name(zone, event->zone_index, event->zone);

	fill_stack(event, scratch, ctx, &pid_tgid, end_ns);
	fill_attributes(event, scratch, &compaction->span);
	emit(event, scratch);
out:
	leave_place(compaction);
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
	struct compaction *compaction = this_compaction();
	struct compact_control *cc = compaction ? (struct compact_control *)compaction->control : NULL;
	struct zone *zone = compaction ? (struct zone *)compaction->zone : NULL;

	end(ctx, compaction, cc, zone, status, end_ns);
}

#endif
