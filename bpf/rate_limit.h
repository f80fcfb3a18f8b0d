/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The limit for records (--max-spans-per-second). A quiet host never comes near it: a burst of 25 seconds' worth passes whole.
 * In a storm the longest compactions pass, and each {trigger, cgroup} with its first ones of every second. Which ones pass may
 * differ by a few when CPUs race: atomic operations that return a value need 5.12. What is left out is counted exactly.
 */
#ifndef COMPACTSTALL_RATE_LIMIT_H
#define COMPACTSTALL_RATE_LIMIT_H

const volatile __u64 record_price_ns = 0; /* set before load: a second divided by the limit; 0: no limit */

#define SECOND_NS 1000000000ULL
#define BURST_NS (25 * SECOND_NS)
/* The last part of the burst, which only the longest may use. */
#define RESERVE_NS SECOND_NS

/* A logarithmic scale of durations: four levels an octave, from 256 ns to 18 minutes. */
#define LEVELS 128
#define LEVEL_SHIFT 8

/* How many of each {trigger, cgroup} pass in a second in any case, and how many of all of these. */
#define FIRST_ONES 2
#define MAX_FIRST_ONES 1024

struct {
	__u64 paid_until_ns; /* a record that passes pays its price; the burst is how far ahead of the clock that may be */
	__u64 second; /* of CLOCK_MONOTONIC; the rest is of this second */
	__u32 threshold; /* a level: in the second before, no more compactions reached it than the limit allows */
	__u32 highest; /* the highest level so far */
	__u32 first_ones; /* which passed as such */
	__u32 levels[LEVELS]; /* how many compactions each level had */
} rate_limit;

struct omissions omissions[OMISSION_PERIODS * OMISSION_SLOTS];
__u32 omission_period = 1;

struct first_key {
	__u64 cgroup_id;
	__u64 trigger;
};

struct first_ones {
	__u64 second;
	__u64 passed;
};

/* Evicts the least recently used: then some more pass. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader enlarges it where there is a limit */
	__type(key, struct first_key);
	__type(value, struct first_ones);
} cs_first_ones SEC(".maps");

static __always_inline __u32 level_of(__u64 duration_ns)
{
	__u64 units = duration_ns >> LEVEL_SHIFT;
	__u32 octave = 0;

	if (units >> 32)
		units = 0xffffffff;
	if (units < 4)
		return units;
#pragma unroll
	for (int bits = 16; bits > 0; bits /= 2)
		if (units >> bits >= 4) {
			units >>= bits;
			octave += bits;
		}
	return 4 * octave + units;
}

/* Finds the threshold in the levels of the second before, and empties them. Without branches, which the verifier would multiply. */
static __noinline void begin_second(__u64 second)
{
	__u64 allowed = SECOND_NS / record_price_ns;
	__u64 longer = 0;
	__u32 exceeding = 0;

	if (rate_limit.second + 1 != second)
		allowed = 1ULL << 62; /* nothing is known of the second before */
	rate_limit.second = second;
	for (int level = LEVELS - 1; level >= 0; level--) {
		longer += rate_limit.levels[level];
		rate_limit.levels[level] = 0;
		exceeding += (allowed - longer) >> 63; /* 1 when there are more than allowed */
	}
	rate_limit.threshold = exceeding;
	rate_limit.highest = 0;
	rate_limit.first_ones = 0;
}

static __noinline bool is_first_one(__u64 trigger, __u64 second)
{
	struct first_key key = { .cgroup_id = bpf_get_current_cgroup_id(), .trigger = trigger };
	struct first_ones fresh = { .second = second, .passed = 1 };
	struct first_ones *known = bpf_map_lookup_elem(&cs_first_ones, &key);

	if (known && known->second == second && known->passed >= FIRST_ONES)
		return false;
	if (rate_limit.first_ones >= MAX_FIRST_ONES)
		return false;
	__sync_fetch_and_add(&rate_limit.first_ones, 1);
	if (!known)
		bpf_map_update_elem(&cs_first_ones, &key, &fresh, BPF_ANY);
	else if (known->second != second)
		*known = fresh;
	else
		count(&known->passed, 1);
	return true;
}

/* Whether a compaction passes although half of the burst is used up. */
static __noinline bool passes_in_storm(__u64 trigger, __u64 duration_ns, __u64 second, __u64 ahead_ns)
{
	__u32 level = level_of(duration_ns) & (LEVELS - 1);
	bool is_highest;

	if (rate_limit.second != second)
		begin_second(second);
	__sync_fetch_and_add(&rate_limit.levels[level], 1);
	is_highest = level > rate_limit.highest;
	if (is_highest)
		rate_limit.highest = level;

	if (ahead_ns < BURST_NS - RESERVE_NS)
		return true;
	if (ahead_ns < BURST_NS && level >= rate_limit.threshold)
		return true;
	return is_highest || is_first_one(trigger, second);
}

/*
 * Counts what is left out. The CPU has its slot to itself up to OMISSION_SLOTS of them; beyond, the longest of two that end at
 * the same moment may be missed. There may be no record that wakes the reader.
 */
static __noinline void count_omission(__u64 begin_ns, __u64 end_ns)
{
	__u32 period = *(volatile __u32 *)&omission_period;
	__u32 slot = bpf_get_smp_processor_id() % OMISSION_SLOTS;
	struct omissions *mine = &omissions[(period % OMISSION_PERIODS) * OMISSION_SLOTS];
	__u64 duration_ns = end_ns - begin_ns;

	/* Two steps: 5.10's verifier loses the bounds of the OR that one sum would be. */
	asm volatile("" : "+r"(mine));
	mine += slot;
	if (mine->period != period) {
		mine->period = period;
		mine->longest_ns = 0;
		mine->first_begin_ns = begin_ns;
		mine->last_end_ns = 0;
	}
	if (duration_ns > mine->longest_ns)
		mine->longest_ns = duration_ns;
	if (begin_ns < mine->first_begin_ns)
		mine->first_begin_ns = begin_ns;
	if (end_ns > mine->last_end_ns)
		mine->last_end_ns = end_ns;
	count(&mine->duration_ns, duration_ns);
	count(&mine->number, 1);
	count(&books.filtered_rate, 1);
	wake_sleeping_reader();
}

/* Whether the compaction is over the limit; then it is counted. */
static __always_inline bool over_limit(enum trigger trigger, __u64 begin_ns, __u64 end_ns)
{
	__u64 paid_until_ns = *(volatile __u64 *)&rate_limit.paid_until_ns;
	__u64 ahead_ns = 0;

	if (!record_price_ns)
		return false;
	if (paid_until_ns > end_ns)
		ahead_ns = paid_until_ns - end_ns;
	else
		rate_limit.paid_until_ns = end_ns;
	if (ahead_ns > BURST_NS / 2 && !passes_in_storm(trigger, end_ns - begin_ns, end_ns / SECOND_NS, ahead_ns)) {
		count_omission(begin_ns, end_ns);
		return true;
	}
	/* Those that pass in any case pay as well, up to a second of debt. */
	if (ahead_ns < BURST_NS + RESERVE_NS)
		count(&rate_limit.paid_until_ns, record_price_ns);
	return false;
}

#endif
