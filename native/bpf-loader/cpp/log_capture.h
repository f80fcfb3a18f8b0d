// SPDX-License-Identifier: Apache-2.0
// libbpf has one print callback per process, but worker threads load objects at the same time. So the callback is installed
// once and uses a thread-local pointer: while a LogCapture lives, it receives libbpf's messages on that thread; otherwise
// libbpf is silent.
#pragma once

#include <string>

namespace bpf {

class LogCapture {
 public:
  LogCapture(std::string& log, bool verbose);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  static void install();

  void append(const std::string& line, bool warning);
  bool verbose() const { return verbose_; }
  // The first warning of this capture without libbpf's prefix; it usually names the cause.
  const std::string& firstWarning() const { return firstWarning_; }

 private:
  std::string& log_;
  bool verbose_;
  std::string firstWarning_;
  LogCapture* outer_;
};

}  // namespace bpf
