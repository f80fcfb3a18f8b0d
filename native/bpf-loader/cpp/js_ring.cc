// SPDX-License-Identifier: Apache-2.0
#include "js_ring.h"

#include "js_error.h"
#include "js_object.h"

namespace bpf {

namespace {

// Runs on the JavaScript thread. env is null when the environment goes away while a call is queued.
void callReadable(napi_env env, napi_value onReadable, void*, void*) {
  if (env == nullptr || onReadable == nullptr) return;
  napi_value undefined;
  if (napi_get_undefined(env, &undefined) != napi_ok) return;
  if (napi_call_function(env, undefined, onReadable, 0, nullptr, nullptr) != napi_pending_exception) return;
  // A pending exception would only become a deprecation warning (DEP0168).
  napi_value exception;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

napi_threadsafe_function makeReadable(Napi::Env env, Napi::Function onReadable) {
  napi_threadsafe_function out = nullptr;
  // Queue size 1: a second call would find the ring empty.
  napi_status status =
      napi_create_threadsafe_function(env, onReadable, nullptr, Napi::String::New(env, "bpf ring buffer"), 1, 1, nullptr,
                                      nullptr, nullptr, callReadable, &out);
  if (status != napi_ok) throw Napi::Error::New(env);
  return out;
}

}  // namespace

Napi::Function JsRing::define(Napi::Env env) {
  return DefineClass(env, "NativeRing",
                     {InstanceMethod<&JsRing::drain>("drain"), InstanceMethod<&JsRing::pendingBytes>("pendingBytes"),
                      InstanceMethod<&JsRing::position>("position"), InstanceMethod<&JsRing::release>("release"),
                      InstanceMethod<&JsRing::wake>("wake"), InstanceMethod<&JsRing::ref>("ref"), InstanceMethod<&JsRing::unref>("unref"),
                      InstanceMethod<&JsRing::close>("close")});
}

JsRing::JsRing(const Napi::CallbackInfo& info) : Napi::ObjectWrap<JsRing>(info), environment_(info.Env()) {
  guarded(info.Env(), [&] {
    Object& object = JsObject::Unwrap(info[0].As<Napi::Object>())->object();
    bool keep = info[3].As<Napi::Boolean>().Value();
    ring_ = std::make_unique<Ring>(object.ringMap(info[1].As<Napi::String>().Utf8Value()), keep);
    readable_ = makeReadable(info.Env(), info[2].As<Napi::Function>());
    try {
      waiter_ = std::make_unique<Waiter>(
          ring_->fd(), [call = readable_] { napi_call_threadsafe_function(call, nullptr, napi_tsfn_nonblocking); });
    } catch (...) {
      napi_release_threadsafe_function(readable_, napi_tsfn_abort);
      throw;
    }
  });
  // Hooks run in reverse order. Added after the thread-safe function's hook, this one stops the thread before the function
  // is freed.
  napi_add_env_cleanup_hook(environment_, onEnvironmentExit, this);
}

JsRing::~JsRing() { stop(); }

void JsRing::onEnvironmentExit(void* self) { static_cast<JsRing*>(self)->stop(); }

void JsRing::stop() {
  if (!waiter_) return;
  napi_remove_env_cleanup_hook(environment_, onEnvironmentExit, this);
  waiter_.reset();
  // Abort: a queued call must not reach onReadable after close().
  napi_release_threadsafe_function(readable_, napi_tsfn_abort);
  ring_.reset();
}

Ring& JsRing::ring() const {
  if (ring_) return *ring_;
  throw Failure("CLOSED", "This RingBuffer is closed. Open it again with BpfObject.ringBuffer() to go on.");
}

Napi::Value JsRing::drain(const Napi::CallbackInfo& info) {
  Batch batch = guarded(info.Env(), [&] {
    return ring().drain(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()));
  });
  if (batch.size == 0) return info.Env().Null();
  return Napi::Buffer<uint8_t>::Copy(info.Env(), batch.data, batch.size);
}

Napi::Value JsRing::pendingBytes(const Napi::CallbackInfo& info) {
  uint64_t bytes = guarded(info.Env(), [&] { return ring().pendingBytes(); });
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value JsRing::position(const Napi::CallbackInfo& info) {
  uint64_t bytes = guarded(info.Env(), [&] { return ring().position(); });
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value JsRing::release(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { ring().release(static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value())); });
  return info.Env().Undefined();
}

Napi::Value JsRing::wake(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { ring(); });
  waiter_->wake();
  return info.Env().Undefined();
}

Napi::Value JsRing::ref(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { ring(); });
  napi_ref_threadsafe_function(environment_, readable_);
  return info.Env().Undefined();
}

Napi::Value JsRing::unref(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { ring(); });
  napi_unref_threadsafe_function(environment_, readable_);
  return info.Env().Undefined();
}

Napi::Value JsRing::close(const Napi::CallbackInfo& info) {
  stop();
  return info.Env().Undefined();
}

}  // namespace bpf
