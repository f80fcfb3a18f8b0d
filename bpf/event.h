/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI between the BPF programs and the agent. src/abi.generated.ts is made from this header (`npm run generate`):
 * change it here only.
 */
#ifndef COMPACTSTALL_EVENT_H
#define COMPACTSTALL_EVENT_H

/* More than the 11 of x86-64 and the 14 of arm64 with 64 KiB pages. */
#define EVENT_ORDERS 16
#define EVENT_STACK_FRAMES 64
#define EVENT_NAME_SIZE 16

enum trigger {
	TRIGGER_DIRECT = 0,
	TRIGGER_KCOMPACTD = 1,
	TRIGGER_PROACTIVE = 2,
	TRIGGER_MANUAL = 3,
};

/* What the reader does, so that the kernel knows whether a record needs a wake-up. */
enum reader_state {
	READER_AWAKE = 0, /* draining, or told to: no wake-up needed */
	READER_NAPPING = 1, /* drains soon by itself: wake it only when the ring fills */
	READER_ASLEEP = 2, /* wake it for the next record */
};

struct zone_state {
	__u64 free_pages;
	__u32 free_blocks[EVENT_ORDERS];
};

/* One compaction. Sent up to the last frame of its stack: offsetof(struct event, stack) + stack_size bytes. */
struct event {
	__u64 begin_ns; /* CLOCK_MONOTONIC */
	__u64 duration_ns;
	__u64 cgroup_id;
	__u64 attempt_ns; /* when the direct attempt began, same for each zone it tried; 0: not direct, or not known */
	__u64 watermark_min; /* pages, as are all counts below */
	__u64 watermark_low;
	__u64 watermark_high;
	__u64 migrate_scanned;
	__u64 free_scanned;
	struct zone_state begin;
	struct zone_state end;
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__s32 node;
	__u32 zone_index;
	__s32 order;
	__u32 gfp;
	__u32 mode;
	__u32 status;
	__u32 trigger;
	__s32 priority; /* -1: not direct, or not known */
	__u32 orders; /* entries used in free_blocks */
	char comm[EVENT_NAME_SIZE];
	char zone[EVENT_NAME_SIZE];
	__u32 reserved;
	__u32 stack_size; /* bytes */
	__u64 stack[EVENT_STACK_FRAMES];
};

/*
 * The kernel's half of the books; ARCHITECTURE.md has the equations. Every early return of a program has its counter.
 */
struct books {
	__u64 begins;
	__u64 ends;
	__u64 paired;
	__u64 open_now;
	__u64 evicted_table_full; /* more threads compacting at once than `open` holds */
	__u64 evicted_overwritten; /* a second begin of the same thread without an end */
	__u64 evicted_no_control; /* its call of compact_zone was not seen: before the programs were attached, or by a probe that is off */
	__u64 end_without_begin; /* under way when the programs were attached */
	__u64 end_pages_unknown; /* of those, not in the sums of pages scanned below: compact_control was not known */
	__u64 filtered_pid;
	__u64 filtered_trigger;
	__u64 filtered_min_duration;
	__u64 emitted;
	__u64 ring_full;
	__u64 no_scratch; /* cannot happen: the verifier wants the check */
	__u64 attempt_unknown; /* emitted without priority and attempt id */
	__u64 migrate_scanned; /* of all ends whose compact_control is known, with begin or without */
	__u64 free_scanned;
	__u64 emitted_migrate_scanned; /* of the emitted only */
	__u64 emitted_free_scanned;
};

_Static_assert(sizeof(struct zone_state) == 72, "ABI");
_Static_assert(__builtin_offsetof(struct event, pid) == 216, "ABI");
_Static_assert(__builtin_offsetof(struct event, comm) == 264, "ABI");
_Static_assert(__builtin_offsetof(struct event, stack) == 304, "ABI");
_Static_assert(sizeof(struct event) == 304 + 8 * EVENT_STACK_FRAMES, "ABI");
_Static_assert(sizeof(struct books) == 20 * 8, "ABI");

#endif
