/* SPDX-License-Identifier: GPL-2.0 */
/* The processes whose threads publish their spans. The agent finds them, and writes down where a thread has its span. */
#ifndef COMPACTSTALL_PUBLISHERS_H
#define COMPACTSTALL_PUBLISHERS_H

enum tls_kind *abi_tls_kind; /* keeps the enum in the object's BTF, for the generator */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread group id, see pid_namespace.h */
	__type(value, struct publisher);
} cs_publishers SEC(".maps");

/* The agent sets this with the first entry: before, there is nothing to look up. */
__u32 any_publisher;

/* Set before load: what a time namespace adds to the start times in /proc/PID/stat. */
const volatile __s64 boottime_offset_ns = 0;

/* When a process started, given its main thread: together with the pid it identifies the process. */
static __always_inline __u64 started_at(struct task_struct *leader)
{
	return (READ(leader, start_boottime) + boottime_offset_ns) / 10000000;
}

static __always_inline bool is_process(const struct publisher *publisher, struct mm_struct *mm,
				       struct task_struct *leader)
{
	return READ(mm, start_stack) == publisher->start_stack && started_at(leader) == publisher->started;
}

/*
 * The parent's entry, for a forked child without an entry: until exec a child has everything where its parent has it, and
 * both share the open file of their program. NULL when the parent has no entry either, or is another process by now.
 */
static __always_inline struct publisher *parents_publisher(struct mm_struct *mm, struct task_struct *task)
{
	struct task_struct *parent = READ(task, real_parent);
	struct mm_struct *parents_mm = READ(parent, mm);
	struct publisher *publisher;
	__u32 process;

	if (!parents_mm || READ(parents_mm, exe_file) != READ(mm, exe_file))
		return NULL;
	process = process_id(parent);
	publisher = bpf_map_lookup_elem(&cs_publishers, &process);
	return publisher && is_process(publisher, mm, READ(parent, group_leader)) ? publisher : NULL;
}

/* The entry of the current process, or of its parent; NULL without one, with the outcome that this means. */
static __always_inline struct publisher *find_publisher(struct mm_struct *mm, struct task_struct *task,
							enum outcome *otherwise)
{
	__u32 process = current_ids().process;
	struct publisher *publisher = bpf_map_lookup_elem(&cs_publishers, &process);

	if (publisher && is_process(publisher, mm, main_thread(task)))
		return publisher;
	/* An entry of another process with this pid says nothing about this one's parent. */
	*otherwise = publisher ? STALE : UNPUBLISHED;
	return parents_publisher(mm, task);
}

#endif
