/* SPDX-License-Identifier: GPL-2.0 */
/* The stack of a compaction: whether it is taken, and which of its frames belong to tracing. */
#ifndef COMPACTSTALL_STACK_H
#define COMPACTSTALL_STACK_H

/* Set before load. */
const volatile __u64 stack_min_duration_ns = 0;
#define NO_STACKS (~0ULL)

/* Whether to find out which frames of a stack belong to tracing. Names show that as well, where symbols are visible. */
const volatile bool mark_own_frames = false;

enum stack_omitted *abi_stack_omitted; /* keeps the enum in the object's BTF, for the generator */

/* Takes a stack, which is most of what a pair costs, and charges it. The clock is read only where there is a budget. */
static __always_inline long charged_stack(void *ctx, struct stack_account *account, void *to, __u32 size)
{
	__u64 before;
	long taken;

	if (stack_share == ALL_STACKS)
		return bpf_get_stack(ctx, to, size, 0);
	before = bpf_ktime_get_ns();
	taken = bpf_get_stack(ctx, to, size, 0);
	count(&books.stack_ns, charge(account, bpf_ktime_get_ns() - before));
	return taken;
}

/*
 * The frame of compact_zone() at its end: the return address of the tracepoint, behind the frames of tracing. It is learnt from
 * the stacks at the begin and the end of one compaction. Both start with the program and the functions between it and
 * compact_zone(), and they have their first common frame in the caller of compact_zone(). 0: not known, or no more.
 */
__u64 end_frame;

/* The innermost frames at the begin, while end_frame is not known. */
#define FIRST_FRAMES 10
struct first_frames {
	__u64 addresses[FIRST_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader enlarges it where it is needed */
	__type(key, __u64); /* pid_tgid */
	__type(value, struct first_frames);
} cs_first_frames SEC(".maps");

static __always_inline void note_first_frames(void *ctx, __u64 *pid_tgid)
{
	struct first_frames first = {};
	struct scratch *scratch;
	__u32 zero = 0;

	if (!mark_own_frames || *(volatile __u64 *)&end_frame)
		return;
	scratch = bpf_map_lookup_elem(&cs_scratch, &zero);
	if (!scratch || scratch->account.ns < scratch->account.price)
		return;
	if (charged_stack(ctx, &scratch->account, &first, sizeof(first)) <= 0 ||
	    bpf_map_update_elem(&cs_first_frames, pid_tgid, &first, BPF_ANY))
		bpf_map_delete_elem(&cs_first_frames, pid_tgid);
}

static __always_inline void learn_end_frame(const __u64 *stack, __u32 size, __u64 *pid_tgid)
{
	struct first_frames *first = bpf_map_lookup_elem(&cs_first_frames, pid_tgid);

	end_frame = 0;
	if (!first)
		return;
#pragma unroll
	for (__u32 i = 1; i < FIRST_FRAMES; i++) {
		if ((i + 1) * sizeof(__u64) > size)
			return;
#pragma unroll
		for (__u32 j = 1; j < FIRST_FRAMES; j++) {
			if (stack[i] == first->addresses[j]) {
				end_frame = stack[i - 1];
				return;
			}
		}
	}
}

/* The number of frames before that of compact_zone(), or -1. */
static __always_inline int frames_before_end(const __u64 *stack, __u32 size)
{
	__u64 frame = *(volatile __u64 *)&end_frame;

#pragma unroll
	for (__u32 i = 0; i < FIRST_FRAMES; i++)
		if ((i + 1) * sizeof(__u64) <= size && stack[i] == frame)
			return i;
	return -1;
}

/* The same; 0 when it is not known. */
static __always_inline __u32 own_frames(const __u64 *stack, __u32 size, __u64 *pid_tgid)
{
	int own = frames_before_end(stack, size);

	if (own < 0) {
		learn_end_frame(stack, size, pid_tgid);
		own = frames_before_end(stack, size);
	}
	return own < 0 ? 0 : own;
}

/* Each compaction that a record is made of is counted, with its stack or with the reason why it has none. */
static __always_inline enum stack_omitted take_stack(struct event *event, struct scratch *scratch, void *ctx, __u64 now)
{
	bool affordable = true;
	long size;

	event->stack_size = 0;
	if (stack_share != ALL_STACKS) {
		count(&books.stack_base_ns, event->duration_ns);
		affordable = pay_in(&scratch->account, now, event->duration_ns);
	}
	if (event->duration_ns < stack_min_duration_ns) {
		count(&books.stack_omitted_min_duration, 1);
		return STACK_OMITTED_MIN_DURATION;
	}
	if (!affordable) {
		count(&books.stack_omitted_budget, 1);
		return STACK_OMITTED_BUDGET;
	}
	size = charged_stack(ctx, &scratch->account, scratch->event.stack, sizeof(event->stack));
	if (size <= 0) {
		count(&books.stack_omitted_failed, 1);
		return STACK_OMITTED_FAILED;
	}
	event->stack_size = size;
	count(&books.stack_taken, 1);
	return STACK_OMITTED_NOT;
}

/* The stack itself is left in the scratch. */
static __always_inline void fill_stack(struct event *event, struct scratch *scratch, void *ctx, __u64 *pid_tgid, __u64 now)
{
	event->own_frames = 0;
	if (stack_min_duration_ns == NO_STACKS) {
		event->stack_size = 0;
		event->stack_omitted = STACK_OMITTED_NOT;
		return;
	}
	event->stack_omitted = take_stack(event, scratch, ctx, now);
	if (mark_own_frames && event->stack_omitted == STACK_OMITTED_NOT)
		event->own_frames = own_frames(scratch->event.stack, event->stack_size, pid_tgid);
}

#endif
