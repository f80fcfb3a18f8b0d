// SPDX-License-Identifier: Apache-2.0
// refuse CALL ERROR COMMAND [ARGUMENT...]: runs a command for which the kernel refuses a system call with an error, even to
// root, like the seccomp profile of a container.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct named {
	const char *name;
	int number;
};

static const struct named CALLS[] = {
	{ "bpf", SYS_bpf }, { "perf_event_open", SYS_perf_event_open }, { "capset", SYS_capset }, { NULL, 0 }
};
static const struct named ERRORS[] = { { "EPERM", EPERM }, { "EACCES", EACCES }, { "ENOSYS", ENOSYS }, { NULL, 0 } };

/* The number of a name; -1 for an unknown one. */
static int find(const struct named *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list->number;
	return -1;
}

int main(int argc, char **argv)
{
	int call = argc > 3 ? find(CALLS, argv[1]) : -1;
	int error = argc > 3 ? find(ERRORS, argv[2]) : -1;
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(rules) / sizeof(rules[0]), .filter = rules };

	if (call < 0 || error < 0) {
		fprintf(stderr, "usage: refuse bpf|perf_event_open|capset EPERM|EACCES|ENOSYS COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("seccomp");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
