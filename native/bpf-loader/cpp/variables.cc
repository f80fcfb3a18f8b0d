// SPDX-License-Identifier: Apache-2.0
#include "variables.h"

#include <cstring>

#include "failure.h"

namespace bpf {

namespace {

bool startsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

// Copies eight aligned bytes at a time: BPF programs write meanwhile, and a 64-bit counter must not be seen half written.
void copyWords(uint8_t* to, const uint8_t* from, size_t size) {
  size_t done = 0;
  if (reinterpret_cast<uintptr_t>(from) % 8 == 0) {
    for (; size - done >= 8; done += 8) {
      uint64_t word = __atomic_load_n(reinterpret_cast<const uint64_t*>(from + done), __ATOMIC_ACQUIRE);
      memcpy(to + done, &word, 8);
    }
  }
  if (reinterpret_cast<uintptr_t>(from + done) % 4 == 0) {
    for (; size - done >= 4; done += 4) {
      uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t*>(from + done), __ATOMIC_ACQUIRE);
      memcpy(to + done, &word, 4);
    }
  }
  if (size - done == 2 && reinterpret_cast<uintptr_t>(from + done) % 2 == 0) {
    uint16_t word = __atomic_load_n(reinterpret_cast<const uint16_t*>(from + done), __ATOMIC_ACQUIRE);
    memcpy(to + done, &word, 2);
    done += 2;
  }
  for (; done < size; done++) to[done] = __atomic_load_n(from + done, __ATOMIC_ACQUIRE);
}

}  // namespace

Variables::Variables(bpf_object* object) : object_(object), types_(bpf_object__btf(object)) {
  if (types_ == nullptr) return;
  uint32_t count = btf__type_cnt(types_);
  for (uint32_t id = 1; id < count; id++) {
    const btf_type* type = btf__type_by_id(types_, id);
    if (!btf_is_datasec(type)) continue;
    std::string name = btf__name_by_offset(types_, type->name_off);
    if (startsWith(name, ".rodata") || startsWith(name, ".data") || startsWith(name, ".bss")) addSection(type, name);
  }
}

void Variables::addSection(const btf_type* dataSection, const std::string& name) {
  bpf_map* map = bpf_object__find_map_by_name(object_, name.c_str());
  if (map == nullptr) return;
  size_t size = 0;
  auto* initial = static_cast<uint8_t*>(const_cast<void*>(static_cast<const void*>(bpf_map__initial_value(map, &size))));
  if (initial == nullptr) return;
  const btf_var_secinfo* info = btf_var_secinfos(dataSection);
  for (uint32_t i = 0; i < btf_vlen(dataSection); i++, info++) {
    const btf_type* type = btf__type_by_id(types_, info->type);
    if (type == nullptr || !btf_is_var(type)) continue;
    if (info->offset > size || info->size > size - info->offset) continue;
    IntegerType integer = IntegerType::of(types_, type->type);
    if (integer.size != info->size || info->offset % (integer.size ? integer.size : 1) != 0) integer.size = 0;
    Variable variable{sections_.size(), info->offset, info->size, integer};
    variables_.emplace(btf__name_by_offset(types_, type->name_off), variable);
  }
  sections_.push_back({name, map, initial, size, startsWith(name, ".rodata"), Mapping()});
}

std::vector<std::string> Variables::names(bool constants) const {
  std::vector<std::string> out;
  for (const auto& [name, variable] : variables_) {
    if (sections_[variable.section].constant == constants) out.push_back(name);
  }
  return out;
}

const Variables::Variable& Variables::find(const std::string& name) const {
  auto found = variables_.find(name);
  if (found != variables_.end()) return found->second;
  throw Failure("UNKNOWN_NAME", "The object has no global variable '" + name + "'. It has the variables " +
                                    listed(names(false)) + " and the constants " + listed(names(true)) + ".");
}

void Variables::check(const std::string& name, const Variable& variable, const Integer& value) const {
  if (variable.integer.size == 0) {
    throw Failure("INVALID_ARGUMENT", "'" + name + "' is not an integer of 1, 2, 4 or 8 bytes, so it cannot be set.");
  }
  if (variable.integer.holds(value)) return;
  throw Failure("INVALID_ARGUMENT", "The value " + value.text() + " does not fit '" + name + "', which takes " +
                                        variable.integer.least.text() + " to " + variable.integer.most.text() + ".");
}

void Variables::setConstant(const std::string& name, const Integer& value) {
  auto found = variables_.find(name);
  if (found == variables_.end() || !sections_[found->second.section].constant) {
    throw Failure("UNKNOWN_NAME", "The object has no constant '" + name +
                                      "' (a `const volatile` global). It has: " + listed(names(true)) + ".");
  }
  check(name, found->second, value);
  storeInteger(sections_[found->second.section].initial + found->second.offset, found->second.integer.size, value);
}

void Variables::mapMemory() {
  for (auto& section : sections_) {
    int protection = section.constant ? PROT_READ : PROT_READ | PROT_WRITE;
    section.memory = Mapping(bpf_map__fd(section.map), section.size, protection, 0);
  }
}

uint8_t* Variables::mapped(const std::string& name, const Variable& variable) const {
  const Section& section = sections_[variable.section];
  if (section.memory.valid()) return section.memory.data() + variable.offset;
  throw Failure("NOT_MAPPED", "'" + name + "' is in " + section.name +
                                  ", which cannot be memory-mapped: that needs Linux 5.5 and a section with at least "
                                  "one variable that is not static.");
}

void Variables::read(const std::string& name, uint8_t* to) const {
  const Variable& variable = find(name);
  copyWords(to, mapped(name, variable), variable.size);
}

void Variables::write(const std::string& name, const Integer& value) {
  const Variable& variable = find(name);
  if (sections_[variable.section].constant) {
    throw Failure("INVALID_ARGUMENT", "'" + name + "' is a constant: set it with load({ constants }).");
  }
  check(name, variable, value);
  storeInteger(mapped(name, variable), variable.integer.size, value);
}

}  // namespace bpf
