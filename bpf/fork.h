/* SPDX-License-Identifier: GPL-2.0 */
/* Which program the current process runs, and from which process it was forked, as long as both run the same one. */
#ifndef COMPACTSTALL_FORK_H
#define COMPACTSTALL_FORK_H

/*
 * For a process that ends before it is looked up. The start of its stack tells which of its programs it ran: exec changes that,
 * fork does not. A forked child runs the program of its parent. The main thread has the flag from fork to exec. Other threads
 * have it always, and so do kernel threads. When the process that forked it has ended, another one is the parent: there the
 * stack starts somewhere else.
 */
static __always_inline void fill_fork(struct event *event, struct task_struct *task, struct task_struct *leader)
{
	struct mm_struct *mm = READ(task, mm);

	event->forked_from = 0;
	event->start_stack = 0;
	if (!mm)
		return;
	event->start_stack = READ(mm, start_stack);
	if (READ(leader, flags) & PF_FORKNOEXEC)
		event->forked_from = process_id(READ(leader, real_parent));
}

#endif
