// SPDX-License-Identifier: Apache-2.0
// Spans for a program without an SDK. A program with an SDK needs the first part only: each thread publishes its active span
// as OpenTelemetry's thread context (OTEP 4947).
#pragma once
#include <stdint.h>

// The record that readers see. It must not change while it is published.
struct thread_context {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t valid; // 1
	uint8_t trace_flags; // 1: sampled
	uint16_t attributes_size;
} __attribute__((packed));

struct span {
	const char *name;
	struct thread_context context;
	struct thread_context *parent;
	uint64_t start_ns;
};

// From here to span_end this thread is in the span. A span that begins within another is its child.
void span_begin(struct span *span, const char *name);
void span_end(struct span *span);

// Sends the ended spans of this thread to OTEL_EXPORTER_OTLP_ENDPOINT, in the form http://ADDRESS:PORT.
void send_spans(const char *service_name);
