// SPDX-License-Identifier: Apache-2.0
// The addon's exports. Each environment (main thread, workers) gets its own classes and its own Instance.
#include <napi.h>

#include "clocks.h"
#include "datagram.h"
#include "folder_lock.h"
#include "js_error.h"
#include "js_object.h"
#include "js_ring.h"
#include "js_run_time_stats.h"
#include "log_capture.h"
#include "pin.h"
#include "privileges.h"

namespace bpf {

namespace {

void setMakeError(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<Instance>()->makeError = Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Value jsReadClocks(const Napi::CallbackInfo& info) {
  Clocks clocks = readClocks();
  auto out = Napi::Object::New(info.Env());
  out.Set("monotonicNs", Napi::BigInt::New(info.Env(), clocks.monotonicNs));
  out.Set("realtimeNs", Napi::BigInt::New(info.Env(), clocks.realtimeNs));
  out.Set("boottimeNs", Napi::BigInt::New(info.Env(), clocks.boottimeNs));
  out.Set("uncertaintyNs", static_cast<double>(clocks.uncertaintyNs));
  return out;
}

class NoWork : public Napi::AsyncWorker {
 public:
  explicit NoWork(Napi::Env env) : AsyncWorker(env) {}
  void Execute() override {}
};

// Arguments: uid and gid, or none.
Napi::Value jsGiveUpPrivileges(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    std::optional<User> user;
    if (info.Length() > 0) user = {info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value()};
    bool keepBpf = bpfCallsNeedCapability();
    // libuv starts its threads with the first work. Started later, they would inherit what this thread keeps.
    if (keepBpf) (new NoWork(info.Env()))->Queue();
    giveUpPrivileges(user, keepBpf);
    return Napi::Boolean::New(info.Env(), keepBpf);
  });
}

Napi::Value jsBpfRefusal(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), bpfRefusal()); }

Napi::Value jsPerfEventOpenRefusal(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), perfEventOpenRefusal());
}

Napi::Value jsLockFolder(const Napi::CallbackInfo& info) {
  bool locked = guarded(info.Env(), [&] { return lockFolder(info[0].As<Napi::String>().Utf8Value()); });
  return Napi::Boolean::New(info.Env(), locked);
}

// Arguments: path and size.
Napi::Value jsUnreadRecords(const Napi::CallbackInfo& info) {
  uint64_t count = guarded(info.Env(), [&] {
    return unreadPinnedRecords(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::Number>().Uint32Value());
  });
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

// Arguments: address and text.
void jsSendDatagram(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    sendDatagram(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  });
}

}  // namespace

}  // namespace bpf

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  bpf::LogCapture::install();
  env.SetInstanceData(new bpf::Instance());
  exports.Set("setMakeError", Napi::Function::New<bpf::setMakeError>(env));
  exports.Set("NativeObject", bpf::JsObject::define(env));
  exports.Set("NativeRing", bpf::JsRing::define(env));
  exports.Set("NativeRunTimeStats", bpf::JsRunTimeStats::define(env));
  exports.Set("giveUpPrivileges", Napi::Function::New<bpf::jsGiveUpPrivileges>(env));
  exports.Set("bpfRefusal", Napi::Function::New<bpf::jsBpfRefusal>(env));
  exports.Set("perfEventOpenRefusal", Napi::Function::New<bpf::jsPerfEventOpenRefusal>(env));
  exports.Set("readClocks", Napi::Function::New<bpf::jsReadClocks>(env));
  exports.Set("lockFolder", Napi::Function::New<bpf::jsLockFolder>(env));
  exports.Set("unreadRecords", Napi::Function::New<bpf::jsUnreadRecords>(env));
  exports.Set("sendDatagram", Napi::Function::New<bpf::jsSendDatagram>(env));
  return exports;
}

NODE_API_MODULE(bpf_loader, Init)
