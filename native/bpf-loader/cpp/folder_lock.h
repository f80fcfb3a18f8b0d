// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bpf {

// Locks a folder until this process ends, however it ends. False when another process has it locked.
bool lockFolder(const std::string& path);

}  // namespace bpf
