// SPDX-License-Identifier: Apache-2.0
// An HTTP service in C: GET /thumbnails/NAME makes a thumbnail and keeps it. Each of its two threads publishes the span of its
// request (span.c), so that the stalls of a request are in its trace.
//
//   OTEL_SERVICE_NAME=thumbnails OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 build/service 8081
#include "process_context.h"
#include "span.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 2
#define HUGE_PAGE (2UL << 20)
#define IMAGE_BYTES (2 * HUGE_PAGE)
#define KEPT 8 // images, by each thread

static const char *service_name;

static void compact_by_hand(const char *path)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, "1", 1) != 1)
		perror(path);
	close(file);
}

// Takes memory that wants huge pages, as image processing does. Where there are none, it stalls here.
static char *scale(void)
{
	struct span span;

	span_begin(&span, "scale");
	// Only the example sets this, to stall this thread where memory is not fragmented.
	if (getenv("COMPACT_FILE"))
		compact_by_hand(getenv("COMPACT_FILE"));
	char *image = aligned_alloc(HUGE_PAGE, IMAGE_BYTES);
	if (!image)
		abort();
	madvise(image, IMAGE_BYTES, MADV_HUGEPAGE);
	memset(image, 1, IMAGE_BYTES);
	span_end(&span);
	return image;
}

static void answer(int connection, char **place)
{
	char request[4096];
	struct span span;

	if (read(connection, request, sizeof(request)) <= 0)
		return;
	span_begin(&span, "GET /thumbnails/{name}");
	free(*place);
	*place = scale();
	dprintf(connection, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nOK\n");
	span_end(&span);
	send_spans(service_name);
}

static void *serve(void *listener)
{
	char *images[KEPT] = { 0 };

	for (unsigned long number = 0;; number++) {
		int connection = accept(*(int *)listener, NULL, NULL);

		if (connection < 0)
			return NULL; // main has shut the listener down.
		answer(connection, &images[number % KEPT]);
		close(connection);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 8081) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sigset_t end;
	pthread_t threads[THREADS];
	int number;

	service_name = getenv("OTEL_SERVICE_NAME") ?: "thumbnails";
	if (!publish_process_context(service_name))
		perror("its service will not be known");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 64)) {
		perror("cannot listen");
		return 1;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, &listener))
			return 1;
	sigwait(&end, &number);
	shutdown(listener, SHUT_RD);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
