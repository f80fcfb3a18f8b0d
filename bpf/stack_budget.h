/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The budget for stacks: a share of the compactions' own time, and an allowance that a quiet host never uses up. Each CPU has an
 * account of nanoseconds. A compaction pays its share in on the CPU on which it ends, and so does the passing time. A stack is
 * charged what it took. A compaction whose own share covers the price of a stack has one, whatever is in the account.
 *
 * The price is the average of what stacks took, by steps of an eighth. So an account never owes more than eight times the price:
 * for a compaction that pays the price itself, the account falls by (took - price), and the price rises by an eighth of that. Over
 * any time, stacks thus take at most the share, the allowance, what the account held, and eight times the price.
 * docs/decisions/27-stack-budget.md has the measurements.
 */
#ifndef COMPACTSTALL_STACK_BUDGET_H
#define COMPACTSTALL_STACK_BUDGET_H

/* Set before load: the share, in 2^-20. All ones: no budget, every stack is taken. */
const volatile __u32 stack_share = 0xffffffff;
#define ALL_STACKS 0xffffffff
#define STACK_SHARE_SHIFT 20

/* The allowance is 2^-10 of the time that passes: about a millisecond a second. An account holds that of a second at most. */
#define STACK_ALLOWANCE_SHIFT 10
#define STACK_ACCOUNT_NS (1LL << 20)

#define STACK_PRICE_SHIFT 3
#define STACK_FIRST_PRICE_NS 30000 /* a guess, until stacks were taken */

/* Of one CPU, which alone changes it: the kernel does not let a program recurse. */
struct stack_account {
	__u64 filled_ns; /* CLOCK_MONOTONIC: the allowance is paid in up to here; 0: never */
	__s64 ns; /* below zero after stacks that took more than was expected */
	__s64 price;
};

/* Pays in what a compaction that ended now brings. Returns whether it may take its stack. */
static __always_inline bool pay_in(struct stack_account *account, __u64 now, __u64 duration_ns)
{
	__s64 share = duration_ns * stack_share >> STACK_SHARE_SHIFT;
	__u64 allowance;

	if (!account->filled_ns) {
		account->filled_ns = now;
		account->ns = STACK_ACCOUNT_NS;
		account->price = STACK_FIRST_PRICE_NS;
	}
	account->ns += share;
	if (now > account->filled_ns) {
		allowance = (now - account->filled_ns) >> STACK_ALLOWANCE_SHIFT;
		account->ns += allowance;
		account->filled_ns += allowance << STACK_ALLOWANCE_SHIFT;
	}
	if (account->ns > STACK_ACCOUNT_NS)
		account->ns = STACK_ACCOUNT_NS;
	return share >= account->price || account->ns >= account->price;
}

/* Charges what a stack took. What exceeds an account was an interruption, not the stack. Returns the charge. */
static __always_inline __s64 charge(struct stack_account *account, __s64 took)
{
	if (took < 0) /* the clock may be set back by the kernel's own corrections */
		took = 0;
	if (took > STACK_ACCOUNT_NS)
		took = STACK_ACCOUNT_NS;
	account->ns -= took;
	account->price += (took - account->price) >> STACK_PRICE_SHIFT;
	return took;
}

#endif
