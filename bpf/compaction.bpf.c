// SPDX-License-Identifier: GPL-2.0
/*
 * Sends one record per memory compaction: the begin is stored per thread; the end completes the record and sends it.
 *
 * This file has the thin programs of each attach plan around the handlers. The agent loads the programs of one plan only.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"
#include "kernel.h"
#include "read.h"
#include "pid_namespace.h"
#include "stack_budget.h"
#include "ring.h"
#include "handover.h"
#include "zone.h"
#include "request.h"
#include "outcome.h"
#include "thread_context.h"
#include "in_progress.h"
#include "thread.h"
#include "nodejs_context.h"
#include "obi_context.h"
#include "publishers.h"
#include "context.h"
#include "process_events.h"
#include "started_processes.h"
#include "fork.h"
#include "rate_limit.h"
#include "stack.h"
#include "duration_slot.h"
#include "aggregates.h"
#include "handlers.h"

char LICENSE[] SEC("license") = "GPL";

/* Plan tp_btf: the tracepoints pass compact_control (5.18 and later, and backports). */

SEC("tp_btf/mm_compaction_begin")
int BPF_PROG(cs_tp_btf_begin, struct compact_control *cc)
{
	handle_begin(ctx, cc);
	return 0;
}

SEC("tp_btf/mm_compaction_end")
int BPF_PROG(cs_tp_btf_end, struct compact_control *cc, unsigned long zone_start, unsigned long zone_end, bool sync,
	     int status)
{
	handle_end(ctx, cc, status);
	return 0;
}

SEC("tp_btf/mm_compaction_try_to_compact_pages")
int BPF_PROG(cs_tp_btf_attempt, int order, gfp_t gfp_mask, int priority)
{
	handle_attempt(priority);
	return 0;
}

/* Plans fentry and kprobe: compact_control is the argument of compact_zone(). */

SEC("fentry/compact_zone")
int BPF_PROG(cs_fentry_call, struct compact_control *cc)
{
	handle_call(cc, true);
	return 0;
}

SEC("kprobe/compact_zone")
int BPF_KPROBE(cs_kprobe_call, struct compact_control *cc)
{
	handle_call(cc, false);
	return 0;
}

/*
 * Plan fentry takes the rest from raw tracepoints: (zone_start, migrate_pfn, free_pfn, zone_end, sync, status), or
 * (cc, zone_start, zone_end, sync, status) where they pass compact_control.
 */
const volatile bool tracepoints_pass_control = false; /* set before load */

/* The barrier keeps two loads at fixed offsets: the verifier refuses one at an offset that was computed before. */
#define ARGUMENT(with_control, without)                                                                                \
	({                                                                                                             \
		__u64 value;                                                                                           \
		if (tracepoints_pass_control) {                                                                        \
			value = ctx->args[with_control];                                                               \
			asm volatile("" : "+r"(value));                                                                \
		} else {                                                                                               \
			value = ctx->args[without];                                                                    \
		}                                                                                                      \
		value;                                                                                                 \
	})

SEC("raw_tp/mm_compaction_begin")
int cs_raw_begin(struct bpf_raw_tracepoint_args *ctx)
{
	handle_begin_of_typed_call(ctx, ARGUMENT(1, 0));
	return 0;
}

SEC("raw_tp/mm_compaction_end")
int cs_raw_end(struct bpf_raw_tracepoint_args *ctx)
{
	handle_end_of_call(ctx, ARGUMENT(4, 5));
	return 0;
}

SEC("raw_tp/mm_compaction_try_to_compact_pages")
int BPF_PROG(cs_raw_attempt, int order, gfp_t gfp_mask, int priority)
{
	handle_attempt(priority);
	return 0;
}

/*
 * Plan kprobe takes the rest from the classic tracepoints, which work without the kernel's own BTF. Their programs are never
 * preempted. Those of raw tracepoints are, from 7.0 on, and while one is under way on a CPU it is skipped for others there.
 */

SEC("tp/compaction/mm_compaction_begin")
int cs_event_begin(struct trace_event_raw_mm_compaction_begin *ctx)
{
	handle_begin_of_call(ctx, ctx->zone_start);
	return 0;
}

SEC("tp/compaction/mm_compaction_end")
int cs_event_end(struct trace_event_raw_mm_compaction_end *ctx)
{
	handle_end_of_call(ctx, ctx->status);
	return 0;
}

SEC("tp/compaction/mm_compaction_try_to_compact_pages")
int cs_event_attempt(struct trace_event_raw_mm_compaction_try_to_compact_pages *ctx)
{
	handle_attempt(ctx->prio);
	return 0;
}

/* Process events, in every plan when trace contexts are wanted; the last needs kprobes. */

SEC("raw_tp/sched_process_exec")
int cs_process_exec(void *ctx)
{
	handle_exec();
	return 0;
}

SEC("raw_tp/sched_process_exit")
int cs_process_exit(void *ctx)
{
	handle_exit();
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define SYSCALL(name) "__x64_sys_" name
typedef struct pt_regs registers;
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL(name) "__arm64_sys_" name
typedef struct user_pt_regs registers;
#endif

/* prctl(option, what, address, size, name): its kernel function gets the caller's registers as its only argument. */
SEC("kprobe/" SYSCALL("prctl"))
int BPF_KPROBE(cs_process_publication, const registers *of_caller)
{
	registers call;

	if (bpf_probe_read_kernel(&call, sizeof(call), of_caller) == 0)
		handle_prctl(PT_REGS_PARM1(&call), PT_REGS_PARM2(&call), PT_REGS_PARM5(&call));
	return 0;
}
