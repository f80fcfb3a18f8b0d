// SPDX-License-Identifier: Apache-2.0
#include "process_context.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

// The header that a reader finds at the beginning of a mapping with this name.
struct header {
	char signature[8];
	uint32_t version, payload_size;
	_Atomic uint64_t published_ns; // 0 while it is being changed
	const uint8_t *payload;
};

static uint8_t payload[512];

// The payload is a protobuf message. Each of its fields here is a tag, a length of one byte, and that many bytes; they are
// written from the innermost to the outermost, each around what has been written before.
static size_t field(uint8_t *at, uint8_t number, const void *bytes, size_t size)
{
	memmove(at + 2, bytes, size);
	at[0] = number << 3 | 2;
	at[1] = size;
	return size + 2;
}

// message KeyValue { string key = 1; AnyValue value = 2; }, message AnyValue { string string_value = 1; }
static size_t attribute(uint8_t *at, const char *key, const char *value)
{
	size_t key_size = field(at, 1, key, strlen(key));
	size_t value_size = field(at + key_size, 1, value, strlen(value));

	return key_size + field(at + key_size, 2, at + key_size, value_size);
}

// message ProcessContext { Resource resource = 1; repeated KeyValue attributes = 2; }
// message Resource { repeated KeyValue attributes = 1; }
static size_t write_payload(const char *service_name)
{
	size_t size = attribute(payload, "service.name", service_name);

	size = field(payload, 1, payload, size);
	size = field(payload, 1, payload, size);
	// Says that the process also has thread contexts; see span.c.
	uint8_t *schema = payload + size;
	return size + field(schema, 2, schema, attribute(schema, "threadlocal.schema_version", "tlsdesc_v1_dev"));
}

bool publish_process_context(const char *service_name)
{
	if (strlen(service_name) > 64) // Lengths are one byte each.
		service_name = "name_too_long";
	int file = memfd_create("OTEL_CTX", MFD_CLOEXEC);
	if (file < 0)
		return false;
	struct header *header = MAP_FAILED;
	if (ftruncate(file, sizeof(*header)) == 0)
		header = mmap(NULL, sizeof(*header), PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	close(file);
	if (header == MAP_FAILED || madvise(header, sizeof(*header), MADV_DONTFORK))
		return false;

	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	header->version = 2;
	header->payload_size = write_payload(service_name);
	header->payload = payload;
	memcpy(header->signature, "OTEL_CTX", sizeof(header->signature));
	// Makes the header valid.
	atomic_store(&header->published_ns, now.tv_sec * 1000000000ull + now.tv_nsec);
	// Notifies readers that watch this call, also after each change. (It names anonymous memory, which this is not.)
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, header, sizeof(*header), "OTEL_CTX");
	return true;
}
