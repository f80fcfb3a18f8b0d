// SPDX-License-Identifier: Apache-2.0
#include "js_run_time_stats.h"

#include <bpf/bpf.h>

#include "js_error.h"

namespace bpf {

Napi::Function JsRunTimeStats::define(Napi::Env env) {
  return DefineClass(env, "NativeRunTimeStats", {InstanceMethod<&JsRunTimeStats::close>("close")});
}

JsRunTimeStats::JsRunTimeStats(const Napi::CallbackInfo& info) : Napi::ObjectWrap<JsRunTimeStats>(info) {
  guarded(info.Env(), [&] {
    int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (fd < 0) {
      throw Failure("STATS_FAILED", "Cannot enable BPF run-time statistics: " + describe(-fd) +
                                        ". This needs CAP_SYS_ADMIN and Linux 5.8.", -fd);
    }
    fd_ = UniqueFd(fd);
  });
}

Napi::Value JsRunTimeStats::close(const Napi::CallbackInfo& info) {
  fd_.reset();
  return info.Env().Undefined();
}

}  // namespace bpf
