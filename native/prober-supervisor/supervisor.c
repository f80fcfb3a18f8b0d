// SPDX-License-Identifier: Apache-2.0
/*
 * compactstall-supervisor UID GID PROGRAM [ARGUMENT...]: runs the prober, a program that reads other processes, with the rights
 * that this takes and no others, and runs it again when it ends.
 *
 * The rights are CAPABILITIES, as far as the caller has them. If the caller is root, the program runs as UID and GID.
 * SIGUSR1 kills the program, which waits for something that may never come, and starts another. Where even SIGKILL has to wait
 * for that, the program is left behind. The supervisor ends when the program exits with 0, after too many failures in a row, and
 * with its parent. It ignores SIGTERM, SIGINT, SIGHUP and SIGUSR2: a service manager sends them to all processes of a service at
 * once, and the parent may have questions left. SIGKILL ends both. Standard input and output stay the same from one run to the next.
 *
 * compactstall-supervisor UID GID --count MOST: prints how many processes this user can start now, with these rights, and at most
 * MOST. The limits count threads alike.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * CAP_SYS_PTRACE shows memory maps, memory and executables of other users' processes; CAP_DAC_READ_SEARCH their files in /proc
 * and mapped libraries that only their users may read; CAP_CHECKPOINT_RESTORE mapped libraries that an upgrade has replaced.
 */
static const int CAPABILITIES[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, 40 /* CAP_CHECKPOINT_RESTORE, from 5.9 */ };
#define COUNT (sizeof(CAPABILITIES) / sizeof(CAPABILITIES[0]))

/*
 * A program that is killed within a second has done little, and is run again after longer and longer pauses: memory, or
 * processes, may be short at that time. A program that fails by itself may take long to fail, and will fail again.
 */
#define QUICK_SECONDS 1
#define QUICK_FAILURE_SECONDS 20
#define MAX_FAILURES 5
#define FIRST_PAUSE_MS 100
#define MAX_DOUBLINGS 8

/* SIGKILL takes less, unless the program is in an uninterruptible wait, such as a read of FUSE. */
#define PATIENCE_MS 250
/* Programs left behind. Each keeps its memory, some 20 MB, until it ends. */
#define MAX_LEFT 8

/* As ps shows it; the kernel keeps 15 characters of it, compactstall-su. */
#define NAME "compactstall-supervisor"

/* Blocked, and taken by sigtimedwait(). */
static sigset_t awaited;
static int left;

static void fail(const char *what)
{
	fprintf(stderr, NAME ": %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool is_wanted(int number)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (CAPABILITIES[i] == number)
			return true;
	}
	return false;
}

static void set_capabilities(const struct __user_cap_data_struct *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	if (syscall(SYS_capset, &header, sets))
		fail("capset");
}

/* Ambient capabilities survive the exec of a program whose file has none. */
static void confine(uid_t user, gid_t group)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], sets[2] = {};

	if (geteuid() == 0) {
		for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++) {
			/* Needs CAP_SETPCAP. Without it, NO_NEW_PRIVS keeps the program from gaining what stays in the set. */
			if (!is_wanted(number))
				prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
		}
		/* A root that may not become another user, as in some containers, stays root with these capabilities. */
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		if (setgroups(0, NULL) || setresgid(group, group, group) || setresuid(user, user, user))
			prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	}
	if (syscall(SYS_capget, &header, had))
		fail("capget");
	for (size_t i = 0; i < COUNT; i++) {
		int word = CAPABILITIES[i] / 32;
		__u32 bit = 1U << CAPABILITIES[i] % 32;

		if (!(had[word].permitted & bit))
			continue;
		sets[word].permitted |= bit;
		sets[word].inheritable |= bit;
		sets[word].effective |= bit;
	}
	set_capabilities(sets);
	for (size_t i = 0; i < COUNT; i++) {
		if (sets[CAPABILITIES[i] / 32].permitted & (1U << CAPABILITIES[i] % 32) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAPABILITIES[i], 0, 0))
			fail("ambient capabilities");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no_new_privs");
}

/* @returns whether this child has ended, with its status; children that were left behind are only reaped */
static bool has_ended(pid_t child, int *status)
{
	pid_t ended;

	while ((ended = waitpid(-1, status, WNOHANG)) > 0) {
		if (ended == child)
			return true;
		left--;
	}
	return false;
}

/* @returns whether it has ended; false when it was killed, and does not end */
static bool wait_for(pid_t child, int *status)
{
	const struct timespec patience = { .tv_nsec = PATIENCE_MS * 1000000L };
	bool killed = false;

	while (!has_ended(child, status)) {
		int signal = sigtimedwait(&awaited, NULL, killed && left < MAX_LEFT ? &patience : NULL);

		if (signal == SIGUSR1) {
			kill(child, SIGKILL);
			killed = true;
		} else if (signal < 0 && errno == EAGAIN) {
			left++;
			return false;
		}
	}
	return true;
}

/* A SIGUSR1 that came while nothing ran does not concern the next program. */
static void forget_signals(void)
{
	const struct timespec now = { 0 };
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGUSR1);
	while (sigtimedwait(&end, NULL, &now) > 0)
		;
}

/* @returns its exit status; SIGKILL when it could not be started, or is left behind */
static int run(char **words)
{
	pid_t supervisor = getpid(), child;
	int status;

	forget_signals();
	child = fork();
	if (child < 0) {
		fprintf(stderr, NAME ": fork: %s\n", strerror(errno));
		return SIGKILL;
	}
	if (child == 0) {
		sigprocmask(SIG_UNBLOCK, &awaited, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != supervisor)
			_exit(0);
		/* The prober's parent has to know it before it has begun. An earlier one may have left a line unfinished. */
		dprintf(STDOUT_FILENO, "\nstarted %d\n", getpid());
		execv(words[0], words);
		if (errno == ENOMEM || errno == EAGAIN)
			raise(SIGKILL);
		fail(words[0]);
	}
	return wait_for(child, &status) ? status : SIGKILL;
}

/* Starts processes that wait for the end of this function. @returns how many could be started before a limit was reached */
static unsigned int count_startable(unsigned int most)
{
	unsigned int count = 0;
	int ends[2], error = 0;
	char byte;

	if (pipe(ends))
		fail("pipe");
	while (count < most) {
		pid_t child = fork();

		if (child < 0) {
			error = errno;
			break;
		}
		if (child == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) != 0);
		}
		count++;
	}
	close(ends[1]);
	while (wait(NULL) > 0)
		;
	errno = error;
	if (error != 0 && error != EAGAIN)
		fail("fork");
	return count;
}

static void pause_after(int ends)
{
	long ms = (long)FIRST_PAUSE_MS << (ends < MAX_DOUBLINGS ? ends : MAX_DOUBLINGS);
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static time_t seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static unsigned int number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word == 0 || *end != 0 || value >= 0xffffffff) {
		fprintf(stderr, NAME ": '%s' is not an id or a number\n", word);
		exit(2);
	}
	return value;
}

int main(int count, char **words)
{
	pid_t parent = getppid();
	int failures = 0, quick_ends = 0;

	if (count < 4) {
		fprintf(stderr, "usage: " NAME " UID GID PROGRAM [ARGUMENT...]\n       " NAME " UID GID --count MOST\n");
		return 2;
	}
	/* Descriptors that a shell left open for the parent. Before 5.9 they stay open. */
	syscall(SYS_close_range, 3U, ~0U, 0U);
	/* Signals of a terminal are for the parent. */
	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGUSR1);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	confine(number(words[1]), number(words[2]));
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return 0;
	if (count > 4 && strcmp(words[3], "--count") == 0) {
		printf("%u\n", count_startable(number(words[4])));
		return 0;
	}
	while (failures < MAX_FAILURES) {
		time_t began = seconds();
		int status = run(words + 3);
		bool failed = WIFEXITED(status);

		if (failed && WEXITSTATUS(status) == 0)
			return 0;
		if (seconds() - began > (failed ? QUICK_FAILURE_SECONDS : QUICK_SECONDS)) {
			failures = failed;
			quick_ends = 0;
		} else if (failed) {
			failures++;
		} else {
			pause_after(quick_ends++);
		}
	}
	return 1;
}
