/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few kernel types that the programs read. Only the names matter: the loader relocates every access to the running
 * kernel's layout (CO-RE). Fields that are not read are left out, and sizes here mean nothing.
 */
#ifndef COMPACTSTALL_KERNEL_H
#define COMPACTSTALL_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef unsigned int gfp_t;

/*
 * Bits of task_struct.flags, from include/linux/sched.h. Before 5.12 the first was PF_VCPU, which is off in the kernel; the
 * second never changed; before 6.4 the third had another use.
 */
#define PF_IO_WORKER 0x10
#define PF_FORKNOEXEC 0x40
#define PF_USER_WORKER 0x4000

enum migrate_mode { MIGRATE_ASYNC = 0 };

enum zone_watermarks { WMARK_MIN = 0, WMARK_LOW = 1, WMARK_HIGH = 2 };

enum zone_stat_item { NR_FREE_PAGES = 0 };

typedef struct {
	long counter;
} atomic_long_t;

struct pglist_data;

struct free_area {
	unsigned long nr_free;
};

struct zone {
	unsigned long _watermark[3];
	unsigned long watermark_boost;
	unsigned long zone_start_pfn;
	struct pglist_data *zone_pgdat;
	const char *name;
	struct free_area free_area[16]; /* as many as are read */
	atomic_long_t vm_stat[1];
};

struct pglist_data {
	struct zone node_zones[1];
	int node_id;
};

struct thread_struct {
#if defined(__TARGET_ARCH_x86)
	unsigned long fsbase;
#elif defined(__TARGET_ARCH_arm64)
	struct {
		unsigned long tp_value;
	} uw;
#endif
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

/* The number of a pid in one namespace. */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level; /* of the namespace that it was made in; 0 is the first */
	struct upid numbers[1]; /* one for each level */
};

struct file;

struct mm_struct {
	unsigned long start_stack;
	struct file *exe_file;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	unsigned long long start_boottime;
	struct thread_struct thread;
};

struct vhost_task {
	struct task_struct *task;
};

struct compact_control {
	struct zone *zone;
	unsigned long total_migrate_scanned;
	unsigned long total_free_scanned;
	gfp_t gfp_mask;
	int order;
	enum migrate_mode mode;
	_Bool direct_compaction;
	_Bool proactive_compaction;
};

struct trace_event_raw_mm_compaction_begin {
	unsigned long zone_start;
};

struct trace_event_raw_mm_compaction_end {
	int status;
};

struct trace_event_raw_mm_compaction_try_to_compact_pages {
	int prio;
};

#pragma clang attribute pop

#endif
