// SPDX-License-Identifier: Apache-2.0
#include "js_object.h"

#include "js_arguments.h"
#include "js_error.h"

namespace bpf {

Napi::Function JsObject::define(Napi::Env env) {
  return DefineClass(env, "NativeObject",
                     {InstanceMethod<&JsObject::attach>("attach"), InstanceMethod<&JsObject::detach>("detach"),
                      InstanceMethod<&JsObject::pin>("pin"), InstanceMethod<&JsObject::attached>("attached"),
                      InstanceMethod<&JsObject::updateMap>("updateMap"),
                      InstanceMethod<&JsObject::deleteFromMap>("deleteFromMap"),
                      InstanceMethod<&JsObject::readMap>("readMap"),
                      InstanceMethod<&JsObject::readVariable>("readVariable"),
                      InstanceMethod<&JsObject::writeVariable>("writeVariable"),
                      InstanceMethod<&JsObject::programStats>("programStats"), InstanceMethod<&JsObject::log>("log"),
                      InstanceMethod<&JsObject::close>("close")});
}

JsObject::JsObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<JsObject>(info) {
  object_ = guarded(info.Env(), [&] { return std::make_unique<Object>(toLoadOptions(info[0].As<Napi::Object>())); });
}

Object& JsObject::object() const {
  if (object_) return *object_;
  throw Failure("CLOSED", "This BpfObject is closed. Load the object again to go on.");
}

Napi::Value JsObject::attach(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { object().attach(toNames(info[0])); });
  return info.Env().Undefined();
}

Napi::Value JsObject::detach(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { object().detach(); });
  return info.Env().Undefined();
}

Napi::Value JsObject::pin(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { object().pin(info[0].As<Napi::String>().Utf8Value()); });
  return info.Env().Undefined();
}

Napi::Value JsObject::attached(const Napi::CallbackInfo& info) {
  auto names = guarded(info.Env(), [&] { return object().attachedPrograms(); });
  auto out = Napi::Array::New(info.Env(), names.size());
  for (uint32_t i = 0; i < names.size(); i++) out.Set(i, names[i]);
  return out;
}

Napi::Value JsObject::updateMap(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    object().updateMap(info[0].As<Napi::String>().Utf8Value(), toBytes(info[1]), toBytes(info[2]));
  });
  return info.Env().Undefined();
}

Napi::Value JsObject::deleteFromMap(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { object().deleteFromMap(info[0].As<Napi::String>().Utf8Value(), toBytes(info[1])); });
  return info.Env().Undefined();
}

Napi::Value JsObject::readMap(const Napi::CallbackInfo& info) {
  auto bytes = guarded(info.Env(), [&] { return object().readMap(info[0].As<Napi::String>().Utf8Value()); });
  return Napi::Buffer<char>::Copy(info.Env(), bytes.data(), bytes.size());
}

Napi::Value JsObject::readVariable(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Variables& variables = object().variables();
    std::string name = info[0].As<Napi::String>().Utf8Value();
    size_t size = variables.size(name);
    auto out = info[1].IsUndefined() ? Napi::Buffer<uint8_t>::New(info.Env(), size) : info[1].As<Napi::Uint8Array>();
    if (out.ByteLength() != size) {
      throw Failure("WRONG_SIZE", "'" + name + "' has " + std::to_string(size) + " bytes, but `into` has " +
                                            std::to_string(out.ByteLength()) + ".");
    }
    variables.read(name, out.Data());
    return out;
  });
}

Napi::Value JsObject::writeVariable(const Napi::CallbackInfo& info) {
  guarded(info.Env(),
          [&] { object().variables().write(info[0].As<Napi::String>().Utf8Value(), toInteger(info[1])); });
  return info.Env().Undefined();
}

Napi::Value JsObject::programStats(const Napi::CallbackInfo& info) {
  auto all = guarded(info.Env(), [&] { return object().programStats(); });
  auto out = Napi::Array::New(info.Env(), all.size());
  for (uint32_t i = 0; i < all.size(); i++) {
    auto one = Napi::Object::New(info.Env());
    one.Set("name", all[i].name);
    one.Set("runTimeNs", static_cast<double>(all[i].runTimeNs));
    one.Set("runCount", static_cast<double>(all[i].runCount));
    one.Set("recursionMisses", static_cast<double>(all[i].recursionMisses));
    out.Set(i, one);
  }
  return out;
}

Napi::Value JsObject::log(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), object_ ? object_->log() : lastLog_);
}

Napi::Value JsObject::close(const Napi::CallbackInfo& info) {
  if (object_) lastLog_ = object_->log();
  object_.reset();
  return info.Env().Undefined();
}

}  // namespace bpf
