/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes that started a program and still run. The agent reads them from mapped memory, at most once a second while
 * processes start, and not at all while none does. So a process that ends at once costs it nothing.
 */
#ifndef COMPACTSTALL_STARTED_PROCESSES_H
#define COMPACTSTALL_STARTED_PROCESSES_H

/* Pids are given in a row, so a process keeps its place until so many others have started. */
#define STARTED_PROCESSES 8192
/* The periods whose starts are counted: longer than from one look of the agent to the next. */
#define START_PERIODS 16

enum start_period *abi_start_period; /* these keep the enums in the object's BTF, for the generator */
enum start_look *abi_start_look;
enum start_notice *abi_start_notice;

/* The agent reads the first, and writes the others. */
struct started_process started_processes[STARTED_PROCESSES];
__u32 start_notice = START_NOTICE_NONE; /* enum start_notice */
__u32 looked_at_starts; /* the period of the agent's last look */

/*
 * How many of the processes that started in a period still run. Where two CPUs begin a period at once, a start may go
 * uncounted; then the agent finds that process at its next look.
 */
struct {
	__u32 period;
	__s32 running;
} starts[START_PERIODS];

static __always_inline void count_start(__u32 period)
{
	__u32 i = period % START_PERIODS;

	if (starts[i].period != period) {
		starts[i].running = 0;
		starts[i].period = period;
	}
	__sync_fetch_and_add(&starts[i].running, 1);
}

static __always_inline void free_place(struct started_process *place)
{
	__u32 i = place->period % START_PERIODS;

	place->process = 0;
	if (starts[i].period == place->period)
		__sync_fetch_and_add(&starts[i].running, -1);
}

/* Whether a process is due for its first look, and the last look was some time ago. */
static __always_inline bool has_one_lived_on(__u32 now)
{
	if (now - looked_at_starts < START_LOOK_FIRST)
		return false;
	for (__u32 age = START_LOOK_FIRST; age < START_PERIODS; age++) {
		__u32 period = now - age, i = period % START_PERIODS;

		if (starts[i].period == period && starts[i].running > 0 &&
		    (__s32)(period + START_LOOK_FIRST - looked_at_starts) > 0)
			return true;
	}
	return false;
}

/* Resets start_notice before it notifies the agent, which may set it again right after that. */
static __always_inline void notify_of_starts(__u32 now)
{
	__u32 wanted = *(volatile __u32 *)&start_notice;

	if (wanted == START_NOTICE_NONE || (wanted == START_NOTICE_LIVING && !has_one_lived_on(now)))
		return;
	start_notice = START_NOTICE_NONE;
	if (!send_process_event(PROCESS_EVENT_KIND_STARTS, 0))
		start_notice = START_NOTICE_ANY;
}

static __always_inline void handle_exec(void)
{
	__u32 now = bpf_ktime_get_ns() >> START_PERIOD_SHIFT;
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct started_process *place = &started_processes[process % STARTED_PROCESSES];
	__u32 pid = current_ids().process;

	/* The agent cannot see it, or there is none. */
	if (pid == 0 || expired())
		return;
	if (place->process) {
		if (place->process != process && now - place->period < START_LOOK_LAST)
			count(&books.process_events_unsent, 1);
		free_place(place);
	}
	place->period = now;
	place->pid = pid;
	place->process = process;
	count_start(now);
	notify_of_starts(now);
}

/* A process counts as ended with its main thread: the kernel no longer shows its memory then, even if other threads run. */
static __always_inline void handle_exit(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 process = pid_tgid >> 32;
	struct started_process *place = &started_processes[process % STARTED_PROCESSES];

	if ((__u32)pid_tgid == process && place->process == process)
		free_place(place);
}

#endif
