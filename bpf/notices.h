/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells the agent of processes that may publish trace contexts from now on: of a new program, and of a publication, by the
 * system call that names its memory, which the specification of the process context (OTEP 4719) asks for, also of an update.
 */
#ifndef COMPACTSTALL_NOTICES_H
#define COMPACTSTALL_NOTICES_H

#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#define PUBLICATION "OTEL_CTX"

/* A power of two. */
#define NOTICED 4096
/* Of CLOCK_MONOTONIC: about a second. */
#define PERIOD_SHIFT 30

struct notice *abi_notice; /* keeps it in the object's BTF, for the generator */
enum notice_kind *abi_notice_kind;

/*
 * Who was told of last, by the lowest bits of its pid: there is one publication in a period, so that a process which makes
 * millions of them costs no more than others.
 */
static struct {
	__u32 pid;
	__u32 period;
} noticed[NOTICED];

static __always_inline void send_notice(enum notice_kind kind)
{
	struct notice notice = { .pid = bpf_get_current_pid_tgid() >> 32, .kind = kind };

	if (!send(&notice, sizeof(notice)))
		count(&books.notices_unsent, 1);
}

static __always_inline void handle_publication(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, slot = pid & (NOTICED - 1);
	__u32 period = bpf_ktime_get_ns() >> PERIOD_SHIFT;

	if (noticed[slot].period == period) {
		/* The agent looks once more after the period; another process has to stall to be looked at. */
		if (noticed[slot].pid != pid)
			count(&books.notices_unsent, 1);
		return;
	}
	noticed[slot].pid = pid;
	noticed[slot].period = period;
	send_notice(NOTICE_KIND_PUBLICATION);
}

static __always_inline void handle_prctl(int option, int what, __u64 name)
{
	struct {
		__u64 text;
		char end;
	} found = {};

	if (option != PR_SET_VMA || what != PR_SET_VMA_ANON_NAME)
		return;
	/* A name that cannot be read just then may be it. */
	if (read_user(&found, sizeof(PUBLICATION), name) &&
	    (found.text != *(const __u64 *)PUBLICATION || found.end))
		return;
	handle_publication();
}

#endif
