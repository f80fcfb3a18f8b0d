// SPDX-License-Identifier: GPL-2.0
// The account of bpf/stack_budget.h, driven by compactions on standard input, each a line: end, duration and what its stack would
// take, in nanoseconds. Prints for each whether the stack is taken, what is charged, and then the account and the price.
#include <inttypes.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#undef __always_inline
#define __always_inline inline
#define const /* main() sets the share, where a loader does otherwise */
#include "../../bpf/stack_budget.h"
#undef const

int main(int argc, char **argv)
{
	struct stack_account account = { 0 };
	uint64_t end, duration;
	int64_t took;

	stack_share = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	while (scanf("%" SCNu64 " %" SCNu64 " %" SCNd64, &end, &duration, &took) == 3) {
		bool taken = pay_in(&account, end, duration);
		int64_t charged = taken ? charge(&account, took) : 0;

		printf("%d %" PRId64 " %" PRId64 " %" PRId64 "\n", taken, charged, (int64_t)account.ns, (int64_t)account.price);
	}
	return 0;
}
