/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The active span of the current thread, from what its process publishes, or else from OpenTelemetry eBPF Instrumentation.
 * It is read while the thread itself runs this code, so the thread cannot change it meanwhile.
 */
#ifndef COMPACTSTALL_CONTEXT_H
#define COMPACTSTALL_CONTEXT_H

const volatile bool read_contexts = false; /* set before load */

enum context_source *abi_context_source; /* keeps the enum in the object's BTF, for the generator */

/*
 * Whether this is a thread that the kernel made in a process, for io_uring (from 5.12) or vhost (from 6.4). Its thread
 * pointer is a copy from the thread that asked for it, which may be in any other span by now.
 */
static __always_inline bool is_kernels_worker(struct task_struct *task)
{
	unsigned int flags = PF_IO_WORKER;

	if (bpf_core_type_exists(struct vhost_task))
		flags |= PF_USER_WORKER;
	return READ(task, flags) & flags;
}

static __always_inline enum outcome find_context(struct active_span *span)
{
	struct task_struct *task = current_task();
	struct mm_struct *mm = READ(task, mm);
	enum outcome outcome = UNPUBLISHED, unknown, found;
	struct publisher *publisher;
	__u64 thread;

	if (!mm || !*(volatile __u32 *)&any_publisher)
		return UNPUBLISHED;
	publisher = find_publisher(mm, task, &unknown);
	if (!publisher)
		return unknown;
	if (is_kernels_worker(task))
		return NO_SPAN;
	thread = thread_pointer(task);
	for (int i = 0; i < PUBLISHER_PLACES && outcome != FOUND; i++) {
		const struct tls_place *place = &publisher->places[i];

		if (place->kind == TLS_NONE)
			break;
		found = place->source == CONTEXT_NODEJS ? read_nodejs_context(span, place, thread) :
							  read_thread_context(span, place, thread);
		if (found > outcome)
			outcome = found;
	}
	return outcome;
}

/*
 * Reads the context; its source stays CONTEXT_NONE where there is none. Returns whether to retry at the end of the compaction:
 * the process's own word is worth waiting for before OBI is asked.
 */
static __always_inline bool read_context(struct active_span *span)
{
	enum outcome outcome;

	if (!read_contexts)
		return false;
	outcome = find_context(span);
	if (outcome != FOUND && outcome != UNREADABLE && read_obi_contexts)
		outcome = read_obi_context(span, outcome);
	count_outcome(outcome, 1);
	return outcome == UNREADABLE;
}

/*
 * Retries at the end. A page that NUMA balancing unmapped, or that is being moved, cannot be read, and a BPF program cannot
 * wait for it. The thread has not left the kernel since its compaction began, so it is still in the same span.
 */
static __always_inline void read_context_again(struct active_span *span)
{
	enum outcome outcome = find_context(span);

	if (outcome != FOUND && read_obi_contexts)
		outcome = read_obi_context(span, outcome);
	count_outcome(UNREADABLE, -1);
	count_outcome(outcome, 1);
}

#endif
