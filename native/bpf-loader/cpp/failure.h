// SPDX-License-Identifier: Apache-2.0
// The exception of the core, which is independent of Node-API: js_error.h turns it into a BpfError at the boundary.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace bpf {

struct Failure {
  Failure(std::string code, std::string message, int error = 0, std::string log = {})
      : code(std::move(code)), message(std::move(message)), error(error), log(std::move(log)) {}

  std::string code;
  std::string message;
  int error;  // a positive errno, or 0
  std::string log;
};

// The system's or libbpf's message for a (positive) error number.
std::string describe(int error);

// "a, b, c", or "none".
template <class Names>
std::string listed(const Names& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out.empty() ? "none" : out;
}

}  // namespace bpf
