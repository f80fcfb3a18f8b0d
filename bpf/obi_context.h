/* SPDX-License-Identifier: GPL-2.0 */
/* The thread's span according to OpenTelemetry eBPF Instrumentation (OBI), which observes the process from outside. */
#ifndef COMPACTSTALL_OBI_CONTEXT_H
#define COMPACTSTALL_OBI_CONTEXT_H

const volatile bool read_obi_contexts = false; /* set before load */

struct obi_context {
	__u8 trace_id[16];
	__u8 span_id[8];
};

/*
 * A placeholder: the loader puts OBI's pinned map in its place. OBI mostly writes and removes a thread's entry from within
 * that thread. This program only reads it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct obi_context);
} cs_obi_contexts SEC(".maps");

/* @outcome: why the process's own publications gave no span; the result for a thread that OBI does not know either. */
static __always_inline enum outcome read_obi_context(struct active_span *span, enum outcome outcome)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *task = current_task();
	struct obi_context *entry;
	enum outcome found;

	/* A kernel thread serves no request, but its id may have belonged to a thread in OBI's map. */
	if (!READ(task, mm))
		return outcome;
	entry = bpf_map_lookup_elem(&cs_obi_contexts, &pid_tgid);
	if (!entry)
		return outcome;
	found = take_ids(&span->context, entry->trace_id, entry->span_id);
	if (found == FOUND)
		span->context.source = CONTEXT_OBI;
	return found == NO_SPAN ? outcome : found;
}

#endif
