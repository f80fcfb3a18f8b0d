// SPDX-License-Identifier: Apache-2.0
// The size of a huge page: 2 MB where pages have 4 KB, and 32 MB where they have 16.
#ifndef HUGE_PAGE_H
#define HUGE_PAGE_H

#include <stdio.h>

static size_t huge_page_bytes(void)
{
	size_t bytes = 2UL << 20;
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");

	if (file) {
		if (fscanf(file, "%zu", &bytes) != 1)
			perror("hpage_pmd_size");
		fclose(file);
	}
	return bytes;
}

#endif
