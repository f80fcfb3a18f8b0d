// SPDX-License-Identifier: Apache-2.0
/*
 * feeder MAP_ID PER_SECOND COUNT: puts COUNT records into a BPF ring buffer that another process reads: copies of the records that
 * have been in it, in turns. It wakes the reader as compactstall's programs do: when it has slept, or when the ring is a quarter
 * full. With PER_SECOND 0 the ring is kept full. Prints how many it put in, in how many milliseconds.
 *
 * It knows nothing of what a record holds, only that small ones are something else. Needs root and Linux 5.14.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SMALLEST_RECORD 128
#define LARGEST_RECORD 1024
#define MAX_RECORDS 64
#define FULL 1

/* The reader looks every 50 ms, unless it sleeps. */
#define ASLEEP_NS 60000000L
#define TICK_NS 10000000L
#define RETRY_NS 200000L

struct record {
	uint32_t padded;
	int program;
	uint8_t *context; /* the record, then the flags of bpf_ringbuf_submit() */
};

static struct record records[MAX_RECORDS];
static int count;
static int map;
static uint64_t ring_size;
static volatile unsigned long *consumed, *produced;

static void fail(const char *what)
{
	fprintf(stderr, "feeder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static long now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void pause_ns(long ns)
{
	struct timespec time = { ns / 1000000000, ns % 1000000000 };

	if (ns > 0)
		nanosleep(&time, NULL);
}

static void open_ring(unsigned int id)
{
	struct bpf_map_info info = {};
	union bpf_attr get = { .map_id = id };
	union bpf_attr about = {};
	long page = sysconf(_SC_PAGESIZE);

	map = bpf(BPF_MAP_GET_FD_BY_ID, &get);
	if (map < 0)
		fail("opening the map");
	about.info.bpf_fd = map;
	about.info.info_len = sizeof(info);
	about.info.info = (uintptr_t)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &about) || info.type != BPF_MAP_TYPE_RINGBUF)
		fail("it is not a ring buffer");
	ring_size = info.max_entries;
	consumed = mmap(NULL, page, PROT_READ, MAP_SHARED, map, 0);
	produced = mmap(NULL, page + 2 * ring_size, PROT_READ, MAP_SHARED, map, page);
	if (consumed == MAP_FAILED || produced == MAP_FAILED)
		fail("mapping it");
}

/*
 * A program that copies its context, a record of this size, into the ring. The verifier wants the size to be a constant, and
 * takes no context for memory, so it is copied word by word.
 */
static int load(uint32_t size, uint32_t padded)
{
	static struct bpf_insn program[2 * LARGEST_RECORD];
	uint32_t at = 0;
	int n = 0;
	static char log[65536];

	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0 };
	program[n++] = (struct bpf_insn){ BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map };
	program[n++] = (struct bpf_insn){ 0, 0, 0, 0, 0 };
	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, size };
	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0 };
	program[n++] = (struct bpf_insn){ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_reserve };
	program[n++] = (struct bpf_insn){ BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0 };
	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, FULL };
	program[n++] = (struct bpf_insn){ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 };
	while (at < size) {
		uint32_t width = size - at >= 8 ? 8 : 1, code = width == 8 ? BPF_DW : BPF_B;

		program[n++] = (struct bpf_insn){ BPF_LDX | BPF_MEM | code, BPF_REG_3, BPF_REG_6, at, 0 };
		program[n++] = (struct bpf_insn){ BPF_STX | BPF_MEM | code, BPF_REG_0, BPF_REG_3, at, 0 };
		at += width;
	}
	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0 };
	program[n++] = (struct bpf_insn){ BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_6, padded, 0 };
	program[n++] = (struct bpf_insn){ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_submit };
	program[n++] = (struct bpf_insn){ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 };
	program[n++] = (struct bpf_insn){ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 };

	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SYSCALL, .prog_flags = BPF_F_SLEEPABLE };
	int loaded;

	attr.insns = (uintptr_t)program;
	attr.insn_cnt = n;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	loaded = bpf(BPF_PROG_LOAD, &attr);
	if (loaded < 0) {
		fputs(log, stderr);
		fail("loading the program");
	}
	return loaded;
}

/* What was read stays in the ring's memory until it is overwritten. */
static void copy_records(void)
{
	const uint8_t *data = (const uint8_t *)produced + sysconf(_SC_PAGESIZE);
	unsigned long end = *produced;

	if (end > ring_size) {
		fputs("feeder: the ring has been filled already, so where a record begins is not known\n", stderr);
		exit(1);
	}
	for (unsigned long at = 0; at < end && count < MAX_RECORDS;) {
		uint32_t word = *(const uint32_t *)(data + at);
		uint32_t size = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		uint32_t padded = (size + 7) & ~7U;

		if (word == size && size >= SMALLEST_RECORD && size <= LARGEST_RECORD) {
			struct record *record = &records[count++];

			record->padded = padded;
			record->context = calloc(1, padded + sizeof(uint64_t));
			memcpy(record->context, data + at + BPF_RINGBUF_HDR_SZ, size);
			record->program = load(size, padded);
		}
		at += BPF_RINGBUF_HDR_SZ + padded;
	}
	if (count == 0) {
		fputs("feeder: no record has been in the ring yet\n", stderr);
		exit(1);
	}
}

/* @returns false when the ring is full */
static bool put(const struct record *record, uint64_t flags)
{
	union bpf_attr attr = {};

	memcpy(record->context + record->padded, &flags, sizeof(flags));
	attr.test.prog_fd = record->program;
	attr.test.ctx_in = (uintptr_t)record->context;
	attr.test.ctx_size_in = record->padded + sizeof(flags);
	if (bpf(BPF_PROG_TEST_RUN, &attr))
		fail("running the program");
	return attr.test.retval != FULL;
}

/* Whether the next record has to wake the reader: it has not read for longer than it naps, or the ring is filling. */
static bool needs_waking(void)
{
	static unsigned long seen;
	static long seen_ns, woken_ns;
	long now = now_ns();

	if (*consumed != seen || *consumed == *produced) {
		seen = *consumed;
		seen_ns = now;
	}
	if (now - woken_ns < ASLEEP_NS)
		return false;
	if (now - seen_ns < ASLEEP_NS && *produced - *consumed < ring_size / 4 && woken_ns != 0)
		return false;
	woken_ns = now;
	return true;
}

int main(int argc, char **argv)
{
	long began, per_second, wanted, done = 0;

	if (argc != 4) {
		fputs("usage: feeder MAP_ID PER_SECOND COUNT\n", stderr);
		return 2;
	}
	per_second = atol(argv[2]);
	wanted = atol(argv[3]);
	open_ring(atol(argv[1]));
	copy_records();
	began = now_ns();
	while (done < wanted) {
		long due = per_second == 0 ? wanted : (now_ns() - began) / 1000 * per_second / 1000000;
		long tick = now_ns();

		for (; done < due && done < wanted; done++) {
			uint64_t flags = needs_waking() ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;

			while (!put(&records[done % count], flags))
				pause_ns(RETRY_NS);
		}
		if (done < wanted)
			pause_ns(TICK_NS - (now_ns() - tick));
	}
	printf("%ld records in %ld ms\n", done, (now_ns() - began) / 1000000);
	return 0;
}
