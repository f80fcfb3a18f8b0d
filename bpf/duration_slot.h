/* SPDX-License-Identifier: GPL-2.0 */
/* The slot of a duration in struct aggregate. Plain C: a test compiles it for the host. */
#ifndef COMPACTSTALL_DURATION_SLOT_H
#define COMPACTSTALL_DURATION_SLOT_H

/*
 * A slot ends at 10^9 * 2^(k / 8) ns, for a whole number k. These are the eight such bounds from 2^62 on, rounded down, and
 * those of every other power of two are these, shifted. Whole numbers are compared exactly so: a whole number is above a bound
 * if and only if it is above the bound rounded down. The last of the eight is 10^9 shifted, a whole number of seconds.
 */
static const __u64 duration_bounds[1 << DURATION_SCALE] = {
	0x40ffd3d4aa4e5371, 0x46e1dc4b00b253ec, 0x4d4c3382a6a891c8, 0x544b2fba5f832838,
	0x5bec4509686ecf50, 0x643e1f3e81e6df61, 0x6d50be1668caaaed, 0x7735940000000000,
};

/* The number of bounds from 1 ns on that come before the end of slot 0: 2^-20 s is the last bound between 2^9 and 2^10 ns. */
#define BOUNDS_BEFORE_FIRST ((9 << DURATION_SCALE) + 7)

/* A function that is not inlined: the verifier follows its branches once, and not once for each way through its caller. */
__attribute__((noinline)) __u64 duration_slot(__u64 ns)
{
	__u64 exponent = 0, rest = ns, shifted, below;

	if (ns >> 62)
		return DURATION_SLOTS - 1;
#pragma unroll
	for (__u32 width = 32; width; width /= 2) {
		if (rest >> width) {
			rest >>= width;
			exponent += width;
		}
	}
	shifted = ns << (62 - exponent);
	below = exponent << DURATION_SCALE;
#pragma unroll
	for (__u32 i = 0; i < 1 << DURATION_SCALE; i++)
		if (shifted > duration_bounds[i])
			below++;
	if (below <= BOUNDS_BEFORE_FIRST)
		return 0;
	below -= BOUNDS_BEFORE_FIRST;
	return below < DURATION_SLOTS ? below : DURATION_SLOTS - 1;
}

#endif
