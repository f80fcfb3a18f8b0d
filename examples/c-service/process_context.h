// SPDX-License-Identifier: Apache-2.0
// Publishes which service this process is, as OpenTelemetry's process context (OTEP 4719).
#pragma once
#include <stdbool.h>

// Call it once, when the process starts; a fork publishes again. Returns false, with errno, when it failed.
bool publish_process_context(const char *service_name);
