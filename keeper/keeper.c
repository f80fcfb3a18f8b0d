// SPDX-License-Identifier: Apache-2.0
/*
 * keeper UID GID PROGRAM [ARGUMENT...]: runs a program that looks into other processes, with no more rights than that
 * takes, and runs it again when it ends.
 *
 * The rights are CAPABILITIES, as far as the caller has them. When the caller is root the program runs as this user.
 * SIGUSR1 ends the program, to be run again: it waits for something that may never come. An exit with 0 is the end; so
 * are too many ends in a row, and the end of whoever started the keeper. SIGTERM, SIGINT and SIGHUP are not: who stops a
 * service sends them to all its processes at once, and the one that started the keeper may have questions left. SIGKILL
 * ends both. Standard input and output stay the same from one run to the next.
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
 * To see memory maps, memory and executables of other users' processes; to read their files of /proc and the libraries
 * that they have mapped, which only their users may read; and those of them that an upgrade has replaced.
 */
static const int CAPABILITIES[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, 40 /* CAP_CHECKPOINT_RESTORE, from 5.9 */ };
#define COUNT (sizeof(CAPABILITIES) / sizeof(CAPABILITIES[0]))

/* A program that is killed within a second has not come far. One that fails by itself may take long to do so. */
#define QUICK_SECONDS 1
#define QUICK_FAILURE_SECONDS 20
#define MOST_QUICK_ENDS 5

static volatile pid_t child;

static void fail(const char *what)
{
	fprintf(stderr, "keeper: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int number)
{
	(void)number;
	if (child > 0)
		kill(child, SIGKILL);
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

/* Ambient ones survive the exec of a program that has none of its own. */
static void confine(uid_t user, gid_t group)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], sets[2] = {};

	if (geteuid() == 0) {
		for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++) {
			/* Takes CAP_SETPCAP. A root without it has less to give, and NO_NEW_PRIVS does the rest. */
			if (!is_wanted(number))
				prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
		}
		/* A root that may not become somebody else, as in some containers, stays root with these capabilities. */
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

/* The signal waits while it is not known whom it concerns. */
static void signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(how, &set, NULL);
}

/* @returns its status */
static int run(char **words)
{
	pid_t keeper = getpid();
	int status;

	signals(SIG_BLOCK);
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		signals(SIG_UNBLOCK);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != keeper)
			_exit(0);
		execv(words[0], words);
		fail(words[0]);
	}
	signals(SIG_UNBLOCK);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			fail("waitpid");
	}
	child = 0;
	return status;
}

static unsigned int number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word == 0 || *end != 0 || value >= 0xffffffff) {
		fprintf(stderr, "keeper: '%s' is no user or group id\n", word);
		exit(2);
	}
	return value;
}

int main(int count, char **words)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t parent = getppid();
	int quick_ends = 0;

	if (count < 4) {
		fprintf(stderr, "usage: keeper UID GID PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	/* What a shell left open for the one who started it. Before 5.9 it stays. */
	syscall(SYS_close_range, 3U, ~0U, 0U);
	/* Whatever a terminal sends is for the one who started it. */
	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigaction(SIGUSR1, &action, NULL);
	confine(number(words[1]), number(words[2]));
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return 0;
	while (quick_ends < MOST_QUICK_ENDS) {
		time_t began = time(NULL);
		int status = run(words + 3);
		int quick = WIFEXITED(status) ? QUICK_FAILURE_SECONDS : QUICK_SECONDS;

		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return 0;
		quick_ends = time(NULL) - began > quick ? 0 : quick_ends + 1;
	}
	return 1;
}
