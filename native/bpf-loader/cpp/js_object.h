// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "object.h"

namespace bpf {

class JsObject : public Napi::ObjectWrap<JsObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit JsObject(const Napi::CallbackInfo& info);

  Object& object() const;

 private:
  Napi::Value attach(const Napi::CallbackInfo& info);
  Napi::Value updateMap(const Napi::CallbackInfo& info);
  Napi::Value deleteFromMap(const Napi::CallbackInfo& info);
  Napi::Value readMap(const Napi::CallbackInfo& info);
  Napi::Value pin(const Napi::CallbackInfo& info);
  Napi::Value attached(const Napi::CallbackInfo& info);
  Napi::Value detach(const Napi::CallbackInfo& info);
  Napi::Value readVariable(const Napi::CallbackInfo& info);
  Napi::Value writeVariable(const Napi::CallbackInfo& info);
  Napi::Value programStats(const Napi::CallbackInfo& info);
  Napi::Value log(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::unique_ptr<Object> object_;
  std::string lastLog_;
};

}  // namespace bpf
