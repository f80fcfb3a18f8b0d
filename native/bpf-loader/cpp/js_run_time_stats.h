// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "mapping.h"

namespace bpf {

// The kernel counts the run time of all BPF programs while any process holds a descriptor from BPF_ENABLE_STATS.
class JsRunTimeStats : public Napi::ObjectWrap<JsRunTimeStats> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit JsRunTimeStats(const Napi::CallbackInfo& info);

 private:
  Napi::Value close(const Napi::CallbackInfo& info);

  UniqueFd fd_;
};

}  // namespace bpf
