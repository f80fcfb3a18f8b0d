/* SPDX-License-Identifier: GPL-2.0 */
/* What OpenTelemetry eBPF Instrumentation (OBI) knows of the thread, which it sees from outside. */
#ifndef COMPACTSTALL_OBI_CONTEXT_H
#define COMPACTSTALL_OBI_CONTEXT_H

const volatile bool read_obi_contexts = false; /* set before load */

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
} cs_obi_contexts SEC(".maps");

/* @outcome: why the process's own publications gave none, which it stays for a thread that OBI does not know, either. */
static __always_inline enum outcome read_obi_context(struct trace_context *context, enum outcome outcome)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *task = current_task();
	struct obi_context *entry;

	/* A kernel thread serves no request; one of a process that has gone may have had its pid. */
	if (!READ(task, mm))
		return outcome;
	entry = bpf_map_lookup_elem(&cs_obi_contexts, &pid_tgid);
	if (!entry)
		return outcome;
	if (!take_ids(context, entry->trace_id, entry->span_id))
		return INVALID;
	context->source = CONTEXT_OBI;
	return FOUND;
}

#endif
