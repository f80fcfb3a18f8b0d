// SPDX-License-Identifier: Apache-2.0
// Which service this process is, for readers outside: OpenTelemetry's process context (OTEP 4719).
#pragma once
#include <stdbool.h>

// Once, when the process starts. A fork has none, and publishes its own. False, and errno, when it could not.
bool publish_process_context(const char *service_name);
