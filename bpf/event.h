/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI between the BPF programs and the agent. `npm run generate` makes src/abi.generated.ts from this header: change it
 * here only.
 */
#ifndef COMPACTSTALL_EVENT_H
#define COMPACTSTALL_EVENT_H

/* More than the 11 of x86-64 and the 14 of arm64 with 64 KiB pages. */
#define EVENT_ORDERS 16
#define EVENT_STACK_FRAMES 64
#define EVENT_NAME_SIZE 16
/* Tracers publish some 20 bytes of attributes with a span, of at most 612. */
#define EVENT_ATTRIBUTES_SIZE 128

enum trigger {
	TRIGGER_DIRECT = 0,
	TRIGGER_KCOMPACTD = 1,
	TRIGGER_PROACTIVE = 2,
	TRIGGER_MANUAL = 3,
};

enum process_event_kind {
	PROCESS_EVENT_KIND_STARTS = 0, /* processes started programs, and may publish soon; without a pid */
	PROCESS_EVENT_KIND_PUBLICATION = 1, /* it published, or updated what it published */
};

/* An event after which a process may have trace contexts. The reader knows these records by their size. */
struct process_event {
	__u32 pid; /* see pid_namespace.h */
	__u32 kind; /* enum process_event_kind */
};

/* Time since the boot in periods of 2^26 ns (67 ms) of CLOCK_MONOTONIC: long enough to count the starts in one. */
enum start_period { START_PERIOD_SHIFT = 26 };

/*
 * When the agent looks at a process, in periods after it started a program. Most processes have ended before the first look.
 * The others are for what publishes later: a library that is loaded, a tracer that is started.
 */
enum start_look {
	START_LOOK_FIRST = 3, /* 0.2 s */
	START_LOOK_SECOND = 30, /* 2 s */
	START_LOOK_LAST = 224, /* 15 s */
};

/* A place for a process that started a program. */
struct started_process {
	__u32 process; /* thread group id in the first PID namespace; 0: it has ended */
	__u32 pid; /* the same, see pid_namespace.h */
	__u32 period; /* when */
};

/* Which start of a program notifies the agent. The notification resets it to START_NOTICE_NONE. */
enum start_notice {
	START_NOTICE_NONE = 0,
	START_NOTICE_ANY = 1, /* the next one: the agent sleeps */
	START_NOTICE_LIVING = 2, /* one after which another process is due for its first look; a later look is planned anyway */
};

/* The state of the reader, from which the kernel side knows whether a record needs a wake-up. */
enum reader_state {
	READER_AWAKE = 0, /* draining, or woken: no wake-up needed */
	READER_NAPPING = 1, /* drains soon by itself: wake it only when the ring fills */
	READER_ASLEEP = 2, /* wake it for the next record */
};

/* The place where a trace context was published. */
enum context_source {
	CONTEXT_NONE = 0,
	CONTEXT_THREAD = 1, /* otel_thread_ctx_v1 */
	CONTEXT_NODEJS = 2, /* otel_thread_ctx_nodejs_v1 */
	CONTEXT_OBI = 3, /* traces_ctx_v1, the map of OpenTelemetry eBPF Instrumentation: without flags */
};

/* The span that the stalled thread was in when the compaction began. Its ids come from an untrusted process, or from OBI. */
struct trace_context {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u8 flags; /* W3C trace flags; 0 where the source has none */
	__u8 source; /* enum context_source */
	__u16 attributes_size; /* bytes: u8 index of the name, u8 length, value, and so on; the last one may be cut off */
};

/* The way from the thread pointer to the address of a thread-local variable. */
enum tls_kind {
	TLS_NONE = 0, /* an unused place */
	TLS_STATIC = 1, /* thread pointer + offset */
	TLS_DYNAMIC_GLIBC = 2, /* block of the module, from the thread's DTV, + offset */
	TLS_DYNAMIC_MUSL = 3,
};

/* The place of one variable. */
struct tls_place {
	__s64 offset;
	__u64 module;
	__u64 generation; /* glibc reuses module ids: a vector older than this has another module's block in that place */
	__u32 kind; /* enum tls_kind */
	__u32 source; /* enum context_source, which says what the variable is */
};

/* Each library that publishes brings its own variable, and each copy of one library. Only some of them are written. */
#define PUBLISHER_PLACES 4

/* A process that publishes, keyed by its thread group id. The agent writes these. */
struct publisher {
	__u64 started; /* hundredths of a second since boot, as the prober sees it in /proc/PID/stat: a pid may be reused */
	__u64 start_stack; /* also as in /proc/PID/stat: exec changes it */
	struct tls_place places[PUBLISHER_PLACES]; /* in the order in which they are read; unused ones come last */
};

/* Why a record has no stack. */
enum stack_omitted {
	STACK_OMITTED_NOT = 0, /* it has one, or none was wanted */
	STACK_OMITTED_BUDGET = 1, /* see stack_budget.h */
	STACK_OMITTED_MIN_DURATION = 2, /* shorter than --stack-min-duration */
	STACK_OMITTED_FAILED = 3, /* the kernel did not give one */
};

struct zone_state {
	__u64 free_pages;
	__u32 free_blocks[EVENT_ORDERS];
};

/*
 * One compaction. The attributes of the span follow the last frame of the stack, and end the record:
 * offsetof(struct event, stack) + stack_size + context.attributes_size bytes.
 */
struct event {
	__u64 begin_ns; /* CLOCK_MONOTONIC */
	__u64 duration_ns;
	__u64 cgroup_id;
	__u64 attempt_ns; /* start of the direct attempt, the same for each zone it tried; 0: not direct, or not known */
	__u64 watermark_min; /* pages, as are all counts below */
	__u64 watermark_low;
	__u64 watermark_high;
	__u64 migrate_scanned;
	__u64 free_scanned;
	struct zone_state begin;
	struct zone_state end;
	struct trace_context context;
	__u32 forked_from; /* pid of the parent, until the process calls exec; 0 from then on, and where it is not known */
	__u32 pid; /* this, the next and the one before see pid_namespace.h; 0: it has none there */
	__u32 tid;
	__u32 cpu;
	__s32 node;
	__u32 zone_index;
	__s32 order;
	__u32 gfp;
	__u32 mode;
	__u32 status;
	__u32 trigger;
	__s32 priority; /* -1: not direct, or not known */
	__u8 orders; /* entries used in free_blocks */
	__u8 stack_omitted; /* enum stack_omitted */
	__u16 own_frames; /* first frames of the stack that belong to tracing; 0: not known */
	char comm[EVENT_NAME_SIZE];
	char zone[EVENT_NAME_SIZE];
	__u32 started; /* the process, in hundredths of a second since boot, as in /proc/PID/stat, modulo 2^32 */
	__u32 stack_size; /* bytes */
	__u64 start_stack; /* also as in /proc/PID/stat: exec changes it, fork does not; 0: it has no memory, or is within exec */
	__u64 stack[EVENT_STACK_FRAMES];
};

/*
 * The kernel's half of the books, the accounting of every compaction; ARCHITECTURE.md has the equations. Every early return
 * of a program has its counter.
 */
struct books {
	__u64 begins;
	__u64 ends;
	__u64 paired;
	__u64 open_now;
	__u64 evicted_table_full; /* none of the thread's places in cs_in_progress was free */
	__u64 evicted_overwritten; /* a second begin of the same thread without an end */
	__u64 evicted_expired; /* nobody has read the ring for longer than --pin-ttl */
	__u64 evicted_no_control; /* its call to compact_zone was not seen: it came before the attach, or the probe is off */
	__u64 end_without_begin; /* under way when the programs were attached */
	__u64 end_pages_unknown; /* of those, not in the sums of pages scanned below: compact_control was unknown */
	__u64 filtered_pid;
	__u64 filtered_trigger;
	__u64 filtered_min_duration;
	__u64 filtered_rate; /* over the limit for records; struct omissions tells more of them */
	__u64 emitted;
	__u64 ring_full;
	__u64 no_scratch; /* cannot happen: the verifier requires the check */
	__u64 attempt_unknown; /* emitted without priority and attempt id */
	/* Every compaction that was not filtered, with its stack or with the reason why it has none; all 0 when none is wanted. */
	__u64 stack_taken;
	__u64 stack_omitted_budget;
	__u64 stack_omitted_min_duration;
	__u64 stack_omitted_failed;
	__u64 stack_ns; /* that stacks took; this and the next are 0 without a budget */
	__u64 stack_base_ns; /* the compactions' own time, of which the budget is a share */
	__u64 process_events_unsent; /* the ring had no room, or a process lost its place among the started ones */
	/* Every begin, with a trace context or with the reason why there is none. */
	__u64 context_found;
	__u64 context_unpublished; /* the process publishes none, or is not known yet: one look-up, and one in OBI's map where there is one */
	__u64 context_stale; /* the pid belongs to another process or program now than the agent probed */
	__u64 context_no_block; /* the thread has not touched the variable */
	__u64 context_no_span; /* no span is active in the thread */
	__u64 context_unreadable; /* a pointer leads nowhere */
	__u64 context_invalid; /* one id of zeros, or its byte `valid` is neither 0 nor 1 */
	__u64 context_not_in_map; /* Node.js: the map lacks the key, or is not a map */
	__u64 migrate_scanned; /* of all ends whose compact_control is known, with or without a begin */
	__u64 free_scanned;
	__u64 emitted_migrate_scanned; /* of emitted records only */
	__u64 emitted_free_scanned;
};

/*
 * What one agent leaves to the next one where the programs stay attached. Everything is as of one position in the ring: what lies
 * beyond it, the next agent reads again.
 */
struct handover {
	__u64 position; /* in the ring, bytes since it was made: up to here records were read, and delivered or lost */
	__u64 at_ns; /* CLOCK_MONOTONIC: when this was written */
	__u64 received; /* this and the next members: the agent's half of the books, of all agents so far */
	__u64 decoded;
	__u64 malformed;
	__u64 not_recorded_events; /* that were delivered, as is all that they report */
	__u64 reported_rate; /* what the limit left out; the members below are what was lost */
	__u64 reported_rate_ns; /* the sum of the durations of these */
	__u64 reported_ring_full;
	__u64 reported_table_full;
	__u64 reported_overwritten;
	__u64 reported_no_control;
	__u64 reported_no_scratch;
	__u64 reported_expired;
	__u64 reported_skipped;
	__u64 reported_malformed;
	__u64 reported_earlier_agent;
	__u64 migrate_scanned; /* of all events, in pages */
	__u64 free_scanned;
	__u64 lost; /* events that agents have read and not delivered */
	__u64 undelivered; /* of these, what agents had on their way when they were killed or replaced */
	__u64 losses_since_unix_ns; /* epoch time: every loss before it is reported */
	__u64 unsettled; /* compactions up to the position that the agent still has: lost, if it is killed now */
	__u64 unsettled_since_unix_ns; /* epoch time: when the first of these began, or the first undelivered one that is not reported */
	/* The counters of /proc/vmstat before and after the programs were attached; all ones: they were not read. */
	__u64 before_migrate_scanned;
	__u64 before_free_scanned;
	__u64 attached_migrate_scanned;
	__u64 attached_free_scanned;
	__u64 agents; /* how many there were */
	__u64 since_unix_ns; /* epoch time, shortly before the programs were attached: all counters count from there */
};

/*
 * What the limit for records left out, by period and by CPU. The agent begins a period by raising omission_period, and reads the
 * one before when another has passed: no program writes it any more. Sums are over all periods in this place, so nothing that
 * is counted late is lost; the rest is of one period.
 */
#define OMISSION_PERIODS 2
#define OMISSION_SLOTS 64

struct omissions {
	__u64 number;
	__u64 duration_ns;
	__u64 longest_ns;
	__u64 first_begin_ns; /* CLOCK_MONOTONIC */
	__u64 last_end_ns;
	__u32 period;
	__u32 reserved;
};

/*
 * Aggregates: what all compactions were, added up. Slots of a duration are those of OTLP's exponential histogram in seconds,
 * with eight from each power of two to the next. Slot 0 has durations up to 2^-20 s. Slot n has those above 2^(-20 + (n - 1) / 8)
 * s and up to 2^(-20 + n / 8) s. The last one ends at 2^14 s, four and a half hours, and also has all that take longer.
 */
enum duration {
	DURATION_SCALE = 3,
	DURATION_HALVINGS = 20, /* from 1 s down to the end of slot 0 */
	DURATION_DOUBLINGS = 14, /* from 1 s up to the end of the last slot */
	DURATION_SLOTS = 1 + ((DURATION_HALVINGS + DURATION_DOUBLINGS) << DURATION_SCALE),
};

struct aggregate_key {
	__u16 node; /* the kernel has at most 1024 */
	__u8 zone_index;
	__u8 trigger; /* enum trigger */
	__s8 order;
	__u8 status;
	__u16 reserved;
};

/* The members that each compaction changes come first, in one cache line; the slot is in another one. */
struct aggregate {
	__u64 sum_ns;
	__u64 migrate_scanned;
	__u64 free_scanned;
	__u64 slots[DURATION_SLOTS]; /* their sum is the number of compactions */
};

/* Direct compactions of the threads in one cgroup. */
struct stalls {
	__u64 count;
	__u64 sum_ns;
};

_Static_assert(sizeof(struct zone_state) == 72, "ABI");
_Static_assert(sizeof(struct process_event) == 8, "ABI");
_Static_assert(sizeof(struct started_process) == 12, "ABI");
_Static_assert(sizeof(struct trace_context) == 28, "ABI");
_Static_assert(sizeof(struct publisher) == 144, "ABI");
_Static_assert(sizeof(struct aggregate_key) == 8, "ABI");
_Static_assert(sizeof(struct aggregate) == 276 * 8, "ABI");
_Static_assert(sizeof(struct stalls) == 16, "ABI");
_Static_assert(__builtin_offsetof(struct event, context) == 216, "ABI");
_Static_assert(__builtin_offsetof(struct event, pid) == 248, "ABI");
_Static_assert(__builtin_offsetof(struct event, comm) == 296, "ABI");
_Static_assert(__builtin_offsetof(struct event, stack) == 344, "ABI");
_Static_assert(sizeof(struct event) == 344 + 8 * EVENT_STACK_FRAMES, "ABI");
_Static_assert(sizeof(struct omissions) == 48, "ABI");
_Static_assert(sizeof(struct books) == 37 * 8, "ABI");
_Static_assert(sizeof(struct handover) == 30 * 8, "ABI");

#endif
