// SPDX-License-Identifier: Apache-2.0
#include "log_capture.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <new>

namespace bpf {

namespace {

thread_local LogCapture* current = nullptr;

int print(enum libbpf_print_level level, const char* format, va_list arguments) {
  LogCapture* capture = current;
  if (capture == nullptr) return 0;
  if (level == LIBBPF_DEBUG && !capture->verbose()) return 0;
  // A verifier log can be megabytes long, so measure before formatting.
  va_list measured;
  va_copy(measured, arguments);
  int length = vsnprintf(nullptr, 0, format, measured);
  va_end(measured);
  if (length <= 0) return 0;
  try {
    std::string line(static_cast<size_t>(length) + 1, '\0');
    vsnprintf(line.data(), line.size(), format, arguments);
    line.pop_back();
    capture->append(line, level == LIBBPF_WARN);
  } catch (const std::bad_alloc&) {
    // An exception must not unwind through libbpf's frames; a truncated log is better.
  }
  return length;
}

}  // namespace

LogCapture::LogCapture(std::string& log, bool verbose) : log_(log), verbose_(verbose), outer_(current) {
  current = this;
}

LogCapture::~LogCapture() { current = outer_; }

void LogCapture::install() {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(print); });
}

void LogCapture::append(const std::string& line, bool warning) {
  log_ += line;
  if (!warning || !firstWarning_.empty()) return;
  const std::string prefix = "libbpf: ";
  firstWarning_ = line.compare(0, prefix.size(), prefix) == 0 ? line.substr(prefix.size()) : line;
  while (!firstWarning_.empty() && firstWarning_.back() == '\n') firstWarning_.pop_back();
}

}  // namespace bpf
