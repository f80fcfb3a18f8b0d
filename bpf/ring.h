/* SPDX-License-Identifier: GPL-2.0 */
/* The way out: the ring buffer of records, its books, and when its reader is woken. */
#ifndef COMPACTSTALL_RING_H
#define COMPACTSTALL_RING_H

const volatile __u32 wake_fill_bytes = 0; /* a napping reader is woken when the ring holds more */

/* The agent reads and writes these through memory-mapped data. */
struct books books;
__u32 reader = READER_AWAKE;

enum reader_state *abi_reader_state; /* keeps the enum in the object's BTF, for the generator */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} cs_records SEC(".maps");

static __always_inline void count(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

/*
 * Reserves a wake-up. One per record would be two thirds of a pair's cost. So only the first record after the reader fell
 * asleep wakes it, or during its nap a record that finds the ring filling. A wake-up takes an empty record: it is reserved
 * while there is room, and discarding it wakes the reader. NULL when no wake-up is needed, or when the ring is full: then
 * a thread that helped to fill it has reserved a wake-up.
 */
static __always_inline void *reserve_wakeup(void)
{
	__u32 state = *(volatile __u32 *)&reader;

	if (state == READER_AWAKE)
		return NULL;
	if (state == READER_NAPPING && bpf_ringbuf_query(&cs_records, BPF_RB_AVAIL_DATA) < wake_fill_bytes)
		return NULL;
	return bpf_ringbuf_reserve(&cs_records, 8, 0);
}

static __always_inline void use_wakeup(void *wakeup)
{
	if (!wakeup)
		return;
	reader = READER_AWAKE;
	bpf_ringbuf_discard(wakeup, BPF_RB_FORCE_WAKEUP);
}

/*
 * The only way into the ring. The reader's state is read again after the record is committed: a reader that falls asleep
 * meanwhile either sees the record (it checks again after setting its state), or is seen here. False when the ring is full.
 */
static __always_inline bool send(const void *record, __u64 size)
{
	void *wakeup = reserve_wakeup();
	bool sent = bpf_ringbuf_output(&cs_records, (void *)record, size, BPF_RB_NO_WAKEUP) == 0;

	if (!wakeup)
		wakeup = reserve_wakeup();
	use_wakeup(wakeup);
	return sent;
}

/* Wakes a reader that sleeps, for something that is not in the ring. */
static __always_inline void wake_sleeping_reader(void)
{
	if (*(volatile __u32 *)&reader == READER_ASLEEP)
		use_wakeup(reserve_wakeup());
}

#define RECORD_WITHOUT_STACK __builtin_offsetof(struct event, stack)

/* What a program needs on its CPU: room for a record with the longest stack and the attributes behind it; and the account. */
struct scratch {
	struct event event;
	__u8 attributes[EVENT_ATTRIBUTES_SIZE];
	struct stack_account account;
};

/*
 * A record with a stack or attributes is put together here, then copied to the ring at its real length: reserving room for the
 * longest stack would halve what the ring holds. One program at a time uses it on a CPU: the kernel does not let a program
 * recurse.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} cs_scratch SEC(".maps");

/* Sends a record, with the stack and the attributes that are in the scratch; counts it when it does not fit. */
static __always_inline void emit(const struct event *event, struct scratch *scratch)
{
	__u64 size = RECORD_WITHOUT_STACK + (event->stack_size & 0x3ff) + (event->context.attributes_size & 0xff);
	const void *record = event;

	if (size > RECORD_WITHOUT_STACK) {
		__builtin_memcpy(scratch, event, RECORD_WITHOUT_STACK);
		record = scratch;
	}
	if (size > __builtin_offsetof(struct scratch, account))
		size = __builtin_offsetof(struct scratch, account);
	if (!send(record, size)) {
		count(&books.ring_full, 1);
		return;
	}
	count(&books.emitted, 1);
	count(&books.emitted_migrate_scanned, event->migrate_scanned);
	count(&books.emitted_free_scanned, event->free_scanned);
}

#endif
