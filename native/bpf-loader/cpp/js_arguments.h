// SPDX-License-Identifier: Apache-2.0
// Conversion of arguments. The JavaScript side has already checked their types.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "object.h"

namespace bpf {

Integer toInteger(Napi::Value value);  // a bigint of -2^64+1 to 2^64-1
std::optional<std::vector<std::string>> toNames(Napi::Value value);  // string[] or undefined
std::vector<char> toBytes(Napi::Value value);  // Uint8Array
LoadOptions toLoadOptions(Napi::Object options);

}  // namespace bpf
