/* SPDX-License-Identifier: GPL-2.0 */
/* The only way to read the kernel's memory and the current process's. */
#ifndef COMPACTSTALL_READ_H
#define COMPACTSTALL_READ_H

/*
 * Two ways to read. One is chosen before load, and the verifier skips the other as dead code. Probe reads work in every
 * attach plan. In the tp_btf programs the verifier knows the types of the pointers and allows direct loads, which need half
 * the instructions of a program without stack.
 */
const volatile bool direct_loads = false;
/* lockdown=confidentiality forbids probe reads; what direct loads cannot reach is then missing. */
const volatile bool probe_reads = true;

/*
 * The offset is added first: that of pglist_data.node_id does not fit the 16 bits of a load. The barrier keeps clang from making
 * both one load again, which the loader refuses for elements of arrays, too.
 */
#define READ_BY(direct, type, base, offset)                                                                            \
	({                                                                                                             \
		const void *place = (const void *)(base) + (offset);                                                   \
		asm("" : "+r"(place));                                                                                 \
		type value = (type)0;                                                                                  \
		if (direct)                                                                                            \
			value = *(typeof(type) const *)place;                                                                 \
		else                                                                                                   \
			bpf_probe_read_kernel(&value, sizeof(value), place);                                           \
		value;                                                                                                 \
	})

#define READ_AT(type, base, offset) READ_BY(direct_loads, type, base, offset)

#define READ_FIELD(direct, base, field) READ_BY(direct, typeof((base)->field), base, bpf_core_field_offset((base)->field))

#define READ(base, field) READ_FIELD(direct_loads, base, field)

static __always_inline struct task_struct *current_task(void)
{
	/* bpf_get_current_task_btf() is newer than 5.10. */
	return direct_loads ? (struct task_struct *)bpf_get_current_task_btf() :
			      (struct task_struct *)bpf_get_current_task();
}

/* That of the current task's process. It often is the current task, which saves a probe read. */
static __always_inline struct task_struct *main_thread(struct task_struct *current)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!direct_loads && pid_tgid >> 32 == (__u32)pid_tgid)
		return current;
	return READ(current, group_leader);
}

static __always_inline bool read_user(void *to, __u32 size, __u64 from)
{
	return bpf_probe_read_user(to, size, (const void *)from) == 0;
}

#endif
