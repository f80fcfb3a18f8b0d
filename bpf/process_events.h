/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notifies the agent of processes that may publish trace contexts: after a start (started_processes.h), and after a publication
 * or its update. For these the specification of the process context (OTEP 4719) requires the system call that names the memory.
 */
#ifndef COMPACTSTALL_PROCESS_EVENTS_H
#define COMPACTSTALL_PROCESS_EVENTS_H

#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#define PUBLICATION "OTEL_CTX"

/* A period of CLOCK_MONOTONIC: about a second. */
#define PERIOD_SHIFT 30

struct process_event *abi_process_event; /* keeps it in the object's BTF, for the generator */
enum process_event_kind *abi_process_event_kind;

/*
 * The period of the last event of each process. There is one event a period, so that a process which publishes millions of
 * times costs no more than others. The agent probes again after the period. An evicted entry costs one extra event.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread group id in the first PID namespace */
	__type(value, __u32);
} cs_notified_at SEC(".maps");

static __always_inline bool send_process_event(enum process_event_kind kind, __u32 pid)
{
	struct process_event event = { .pid = pid, .kind = kind };

	if (send(&event, sizeof(event)))
		return true;
	count(&books.process_events_unsent, 1);
	return false;
}

static __always_inline void handle_publication(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u32 period = bpf_ktime_get_ns() >> PERIOD_SHIFT;
	__u32 *last = bpf_map_lookup_elem(&cs_notified_at, &process);
	__u32 pid;

	if ((last && *last == period) || expired())
		return;
	bpf_map_update_elem(&cs_notified_at, &process, &period, BPF_ANY);
	pid = current_ids().process;
	/* The agent cannot see a process without one. */
	if (pid)
		send_process_event(PROCESS_EVENT_KIND_PUBLICATION, pid);
}

static __always_inline void handle_prctl(int option, int what, __u64 name)
{
	struct {
		__u64 text;
		char end;
	} found = {};

	if (option != PR_SET_VMA || what != PR_SET_VMA_ANON_NAME)
		return;
	/* A name that cannot be read may be the right one. */
	if (read_user(&found, sizeof(PUBLICATION), name) && (found.text != *(const __u64 *)PUBLICATION || found.end))
		return;
	handle_publication();
}

#endif
