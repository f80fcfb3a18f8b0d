// SPDX-License-Identifier: Apache-2.0
// The boundary: the core's exceptions become BpfErrors, made by a function that the JavaScript side passes in.
#pragma once

#include <napi.h>

#include <exception>

#include "failure.h"

namespace bpf {

// The data of an environment; the main thread and each worker have their own.
struct Instance {
  Napi::FunctionReference makeError;
};

inline Napi::Error toError(Napi::Env env, const Failure& failure) {
  Napi::Value error = env.GetInstanceData<Instance>()->makeError.Call(
      {Napi::String::New(env, failure.message), Napi::String::New(env, failure.code),
       Napi::Number::New(env, failure.error), Napi::String::New(env, failure.log)});
  return Napi::Error(env, error);
}

template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw toError(env, failure);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& exception) {
    throw toError(env, Failure("INTERNAL", std::string("The addon failed: ") + exception.what() + "."));
  }
}

}  // namespace bpf
