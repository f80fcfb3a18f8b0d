/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that stay attached while no agent runs (--pin). What one agent leaves to the next is here. When none has been there for
 * too long, nothing is recorded any more: a compaction then costs some ten nanoseconds, and is counted.
 * docs/decisions/32-pinned-programs.md has the reasons.
 */
#ifndef COMPACTSTALL_HANDOVER_H
#define COMPACTSTALL_HANDOVER_H

const volatile bool pinned = false; /* set before load */

/* The agent writes this again and again. CLOCK_MONOTONIC, which stands still while the host sleeps. */
__u64 record_until_ns = ~0ULL;

/* For the agents only. A map, as the kernel replaces a value as a whole: an agent that is killed never leaves half of one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct handover);
} cs_handover SEC(".maps");

/* bpf_timer could end it at once, but needs 5.15; and a host without compactions and starts of programs has no cost either. */
static __always_inline bool expired(void)
{
	return pinned && bpf_ktime_get_ns() > *(volatile __u64 *)&record_until_ns;
}

#endif
