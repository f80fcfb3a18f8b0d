/* SPDX-License-Identifier: GPL-2.0 */
/* From which process the current one was forked, as long as it runs the same program. */
#ifndef COMPACTSTALL_FORK_H
#define COMPACTSTALL_FORK_H

/*
 * A forked child may end before it is looked up; its parent runs the same program. The main thread has the flag from fork to
 * exec. Other threads have it always, and so do kernel threads. When the process that forked it has ended, another one is the
 * parent: there the stack starts somewhere else.
 */
static __always_inline void fill_fork(struct event *event, struct task_struct *task)
{
	struct task_struct *leader = READ(task, group_leader);
	struct mm_struct *mm;

	event->forked_from = 0;
	event->start_stack = 0;
	if (!(READ(leader, flags) & PF_FORKNOEXEC))
		return;
	mm = READ(task, mm);
	if (!mm)
		return;
	event->forked_from = process_id(READ(leader, real_parent));
	event->start_stack = READ(mm, start_stack);
}

#endif
