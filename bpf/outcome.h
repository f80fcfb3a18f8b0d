/* SPDX-License-Identifier: GPL-2.0 */
/* Outcomes of the search for a thread's span; each has its counter in the books. Where several places differ, the later one in this order counts. */
#ifndef COMPACTSTALL_OUTCOME_H
#define COMPACTSTALL_OUTCOME_H

enum outcome { UNPUBLISHED, STALE, NO_BLOCK, NO_SPAN, INVALID, NOT_IN_MAP, UNREADABLE, FOUND };

static __always_inline void count_outcome(enum outcome outcome, __u64 n)
{
	switch (outcome) {
	case FOUND:
		count(&books.context_found, n);
		break;
	case UNPUBLISHED:
		count(&books.context_unpublished, n);
		break;
	case STALE:
		count(&books.context_stale, n);
		break;
	case NO_BLOCK:
		count(&books.context_no_block, n);
		break;
	case NO_SPAN:
		count(&books.context_no_span, n);
		break;
	case UNREADABLE:
		count(&books.context_unreadable, n);
		break;
	case INVALID:
		count(&books.context_invalid, n);
		break;
	case NOT_IN_MAP:
		count(&books.context_not_in_map, n);
		break;
	}
}

#endif
