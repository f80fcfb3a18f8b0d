// SPDX-License-Identifier: Apache-2.0
#include "js_arguments.h"

namespace bpf {

namespace {

// [[name, value], ...]
template <class Value, class Convert>
std::vector<std::pair<std::string, Value>> toPairs(Napi::Value value, Convert convert) {
  std::vector<std::pair<std::string, Value>> out;
  auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    auto pair = list.Get(i).As<Napi::Array>();
    out.emplace_back(pair.Get(0u).As<Napi::String>().Utf8Value(), convert(pair.Get(1u)));
  }
  return out;
}

}  // namespace

Integer toInteger(Napi::Value value) {
  Integer out;
  int sign = 0;
  size_t words = 1;
  value.As<Napi::BigInt>().ToWords(&sign, &words, &out.magnitude);
  out.negative = sign != 0;
  return out;
}

std::optional<std::vector<std::string>> toNames(Napi::Value value) {
  if (value.IsUndefined()) return std::nullopt;
  std::vector<std::string> out;
  auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) out.push_back(list.Get(i).As<Napi::String>().Utf8Value());
  return out;
}

std::vector<char> toBytes(Napi::Value value) {
  // A copy: libbpf must not read memory that another thread may change (a SharedArrayBuffer).
  auto bytes = value.As<Napi::Uint8Array>();
  auto* data = reinterpret_cast<const char*>(bytes.Data());
  return std::vector<char>(data, data + bytes.ByteLength());
}

LoadOptions toLoadOptions(Napi::Object options) {
  LoadOptions out;
  out.bytes = toBytes(options.Get("object"));
  out.name = options.Get("name").As<Napi::String>().Utf8Value();
  out.constants = toPairs<Integer>(options.Get("constants"), toInteger);
  out.programs = toNames(options.Get("programs"));
  out.mapSizes = toPairs<uint32_t>(options.Get("mapSizes"),
                                   [](Napi::Value value) { return value.As<Napi::Number>().Uint32Value(); });
  out.pinnedMaps = toPairs<std::string>(options.Get("pinnedMaps"),
                                        [](Napi::Value value) { return value.As<Napi::String>().Utf8Value(); });
  out.adopt = options.Get("adopt").As<Napi::String>().Utf8Value();
  out.btfPath = options.Get("btfPath").As<Napi::String>().Utf8Value();
  out.verbose = options.Get("verbose").As<Napi::Boolean>().Value();
  return out;
}

}  // namespace bpf
