// SPDX-License-Identifier: Apache-2.0
// Makes the kernel compact memory: holds most of it as single pages, and gives every second one back. Half of it is then free,
// but nearly no two free pages are adjacent. Then it asks for huge pages. --help explains its options.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../huge-page.h"

#define THP "/sys/kernel/mm/transparent_hugepage/"
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define MB (1UL << 20)

static size_t huge_bytes;

static const char usage[] =
	"usage: fragment [OPTION...]\n"
	"  -m PERCENT  of the available memory, to be held as single pages (default 65)\n"
	"  -f PERCENT  of the available memory, to be asked for as huge pages (default 60)\n"
	"  -r ROUNDS   how often (default 1; 0: until SIGTERM or SIGINT)\n"
	"  -p MS       pause before each huge page (default 0)\n"
	"  -s KB       size of the huge pages (default: the largest); " THP "hugepages-*kB/enabled allows others\n"
	"Transparent huge pages have to be set to madvise or always. Whether the fault itself compacts (defrag=madvise)\n"
	"or kcompactd does (defrag=defer) is for " THP "defrag to say; this program changes no setting.\n";

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static void fail(const char *format, ...)
{
	va_list arguments;

	fputs("fragment: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

// The number in a "name: number kB" line of a file.
static unsigned long kilobytes(const char *path, const char *name)
{
	char line[256];
	unsigned long value = 0;
	bool found = false;
	FILE *file = fopen(path, "r");

	if (!file)
		fail("cannot read %s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, name, strlen(name)) && sscanf(line + strlen(name), ": %lu", &value) == 1;
	fclose(file);
	if (!found)
		fail("%s has no line %s", path, name);
	return value;
}

static void check_huge_pages(void)
{
	char line[64] = "";
	FILE *file = fopen(THP "enabled", "r");

	if (!file || !fgets(line, sizeof(line), file))
		fail("this kernel has no transparent huge pages (" THP "enabled: %s)", strerror(errno));
	fclose(file);
	if (strstr(line, "[never]"))
		fail("transparent huge pages are off. Try: echo madvise >" THP "enabled");
}

static long number(const char *text, long least, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < least || value > most)
		fail("%s is not a number from %ld to %ld", text, least, most);
	return value;
}

static char *map(size_t bytes, int advice)
{
	char *area = mmap(NULL, bytes + huge_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		fail("cannot map %lu MB: %s", bytes / MB, strerror(errno));
	area += huge_bytes - (size_t)area % huge_bytes;
	if (madvise(area, bytes, advice))
		fail("madvise of %lu MB: %s", bytes / MB, strerror(errno));
	return area;
}

/* Populates many pages in one call, from Linux 5.14 on: twice as fast as a fault for each. */
static void touch(char *area, size_t page)
{
	if (madvise(area, huge_bytes, MADV_POPULATE_WRITE))
		for (size_t at = 0; at < huge_bytes; at += page)
			area[at] = 1;
}

static void one_round(size_t hold, size_t fault, unsigned int pause_us, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE), asked = 0;
	char *held = map(hold, MADV_NOHUGEPAGE), *huge = map(fault, MADV_HUGEPAGE);

	for (size_t at = 0; at < hold && !ended; at += huge_bytes)
		touch(held + at, page);
	for (size_t at = 0; at < hold && !ended; at += 2 * page)
		madvise(held + at, page, MADV_DONTNEED);
	printf("fragmented: %lu MB in single pages, of which every second one was given back\n", hold / MB);
	while (asked < fault) {
		if (pause_us)
			usleep(pause_us);
		if (ended)
			break;
		huge[asked] = 1;
		asked += size;
	}
	/* The kernel does not count smaller ones for a process. */
	if (size < huge_bytes)
		printf("huge pages: %lu asked for\n", asked / size);
	else
		printf("huge pages: %lu asked for, %lu had\n", asked / size,
		       kilobytes("/proc/self/smaps_rollup", "AnonHugePages") * 1024 / huge_bytes);
	munmap(held, hold);
	munmap(huge, fault);
}

int main(int argc, char **argv)
{
	long hold = 65, fault = 60, rounds = 1, pause_ms = 0, size_kb = 0;
	struct sigaction action = { .sa_handler = on_signal };
	int option;

	huge_bytes = huge_page_bytes();
	while ((option = getopt_long(argc, argv, "m:f:r:p:s:h",
				     (struct option[]){ { "help", no_argument, NULL, 'h' }, { 0 } }, NULL)) != -1) {
		switch (option) {
		case 'm': hold = number(optarg, 1, 95); break;
		case 'f': fault = number(optarg, 1, 95); break;
		case 'r': rounds = number(optarg, 0, 1000000); break;
		case 'p': pause_ms = number(optarg, 0, 60000); break;
		case 's': size_kb = number(optarg, 8, huge_bytes / 1024); break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (optind < argc)
		fail("%s is not an option; see --help", argv[optind]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	check_huge_pages();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (long round = 0; !ended && (rounds == 0 || round < rounds); round++) {
		size_t available = kilobytes("/proc/meminfo", "MemAvailable") * 1024;

		one_round(available / 100 * hold / huge_bytes * huge_bytes, available / 100 * fault / huge_bytes * huge_bytes,
			  pause_ms * 1000, size_kb ? (size_t)size_kb * 1024 : huge_bytes);
	}
	return 0;
}
