// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "ring.h"
#include "waiter.h"

namespace bpf {

class JsRing : public Napi::ObjectWrap<JsRing> {
 public:
  static Napi::Function define(Napi::Env env);
  // (NativeObject, map name, onReadable)
  explicit JsRing(const Napi::CallbackInfo& info);
  ~JsRing() override;

 private:
  Napi::Value drain(const Napi::CallbackInfo& info);
  Napi::Value pendingBytes(const Napi::CallbackInfo& info);
  Napi::Value position(const Napi::CallbackInfo& info);
  Napi::Value release(const Napi::CallbackInfo& info);
  Napi::Value wake(const Napi::CallbackInfo& info);
  Napi::Value ref(const Napi::CallbackInfo& info);
  Napi::Value unref(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Ring& ring() const;
  void stop();
  static void onEnvironmentExit(void* self);

  napi_env environment_;
  std::unique_ptr<Ring> ring_;
  napi_threadsafe_function readable_ = nullptr;
  std::unique_ptr<Waiter> waiter_;  // last: it stops before what it uses goes away
};

}  // namespace bpf
