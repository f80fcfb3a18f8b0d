// SPDX-License-Identifier: Apache-2.0
// The global variables of an object by name: .rodata before load, everything memory-mapped after it. Mapped memory needs
// no system call, so reads and writes keep working after the process gave up its privileges.
#pragma once

#include <bpf/libbpf.h>

#include <map>
#include <string>
#include <vector>

#include "integer.h"
#include "mapping.h"

namespace bpf {

class Variables {
 public:
  // Call it after bpf_object__open and before bpf_object__load.
  explicit Variables(bpf_object* object);

  void setConstant(const std::string& name, const Integer& value);
  // Call it after bpf_object__load.
  void mapMemory();
  size_t size(const std::string& name) const { return find(name).size; }
  // `to` has room for `size()` bytes.
  void read(const std::string& name, uint8_t* to) const;
  void write(const std::string& name, const Integer& value);

 private:
  struct Section {
    std::string name;
    bpf_map* map;
    uint8_t* initial;
    size_t size;
    bool constant;
    Mapping memory;
  };
  struct Variable {
    size_t section;
    uint32_t offset;
    uint32_t size;
    IntegerType integer;
  };

  void addSection(const btf_type* dataSection, const std::string& name);
  const Variable& find(const std::string& name) const;
  std::vector<std::string> names(bool constants) const;
  void check(const std::string& name, const Variable& variable, const Integer& value) const;
  uint8_t* mapped(const std::string& name, const Variable& variable) const;

  bpf_object* object_;
  const btf* types_;
  std::vector<Section> sections_;
  std::map<std::string, Variable> variables_;
};

}  // namespace bpf
