/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pids of tasks in the PID namespace that the agent reads /proc of. A task has a pid in each namespace from its own up to
 * the first one; the kernel itself, and helpers such as bpf_get_current_pid_tgid(), use that of the first.
 */
#ifndef COMPACTSTALL_PID_NAMESPACE_H
#define COMPACTSTALL_PID_NAMESPACE_H

/* Set before load: the namespace's inode; 0 for the first namespace, in which nothing is to be translated. */
const volatile __u32 pid_namespace_inode = 0;
const volatile __u64 pid_namespace_device = 0;

/* The first namespace, and MAX_PID_NS_LEVEL nested ones. */
#define PID_NAMESPACE_LEVELS 33

/* Zeros for a task without pids in that namespace: a kernel thread, or a task outside of it. */
struct ids {
	__u32 process; /* thread group id */
	__u32 thread;
};

/* A direct load reaches beyond the first number only from 6.5 on, when the array became a flexible one. */
#define READ_NUMBER(type, base, offset) READ_BY(!probe_reads, type, base, offset)

/* The numbers are addressed by hand: in a loop clang relocates only the first element. */
static __always_inline struct ids translated(struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	struct pid *process = READ(leader, thread_pid);
	struct pid *thread = READ(task, thread_pid);
	__u32 level = READ(process, level);
	struct ids ids = {};

	for (__u32 i = 0; i < PID_NAMESPACE_LEVELS && i <= level; i++) {
		__u32 at = bpf_core_field_offset(process->numbers) + i * bpf_core_type_size(struct upid);
		__u32 nr = at + bpf_core_field_offset(struct upid, nr);
		struct pid_namespace *namespace = READ_NUMBER(struct pid_namespace *, process,
							      at + bpf_core_field_offset(struct upid, ns));

		if (READ_NUMBER(unsigned int, namespace, bpf_core_field_offset(namespace->ns.inum)) != pid_namespace_inode)
			continue;
		ids.process = READ_NUMBER(int, process, nr);
		ids.thread = READ_NUMBER(int, thread, nr);
		break;
	}
	return ids;
}

/* The same for the current task without reads, but not where its own namespace is nested in the wanted one. */
static __always_inline struct ids translated_by_helper(void)
{
	struct bpf_pidns_info info = {};

	bpf_get_ns_current_pid_tgid(pid_namespace_device, pid_namespace_inode, &info, sizeof(info));
	return (struct ids){ .process = info.tgid, .thread = info.pid };
}

static __always_inline struct ids current_ids(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!pid_namespace_inode)
		return (struct ids){ .process = pid_tgid >> 32, .thread = pid_tgid };
	if (!probe_reads && bpf_core_field_size(((struct pid *)0)->numbers) > 0)
		return translated_by_helper();
	return translated(current_task());
}

static __always_inline __u32 process_id(struct task_struct *task)
{
	return pid_namespace_inode ? translated(task).process : (__u32)READ(task, tgid);
}

#endif
