// SPDX-License-Identifier: Apache-2.0
// Starts a program again and again, one after the other:
//
//   starts PER_SECOND COUNT PROGRAM [ARGUMENT...]
//
// Then prints how many there were, and how many of them were late: begun or ended a tenth of a second after they should have.
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define SECOND_NS 1000000000LL
#define LATE_NS (SECOND_NS / 10)

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND_NS + time.tv_nsec;
}

static void sleep_until(long long at)
{
	struct timespec time = { .tv_sec = at / SECOND_NS, .tv_nsec = at % SECOND_NS };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

static void run(char **command)
{
	pid_t pid;
	int status, error = posix_spawn(&pid, command[0], NULL, NULL, command, (char *[]){ NULL });

	if (error) {
		fprintf(stderr, "%s: %s\n", command[0], strerror(error));
		exit(1);
	}
	waitpid(pid, &status, 0);
}

int main(int words, char **word)
{
	long per_second = words > 3 ? atol(word[1]) : 0, count = words > 3 ? atol(word[2]) : 0;
	long long began = now();
	long late = 0;

	if (per_second <= 0 || count <= 0) {
		fprintf(stderr, "starts PER_SECOND COUNT PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	for (long i = 0; i < count; i++) {
		long long due = began + i * SECOND_NS / per_second;

		sleep_until(due);
		run(word + 3);
		late += now() - due > LATE_NS;
	}
	printf("%ld starts, %ld late\n", count, late);
	return 0;
}
