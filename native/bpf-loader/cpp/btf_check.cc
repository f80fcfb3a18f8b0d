// SPDX-License-Identifier: Apache-2.0
#include "btf_check.h"

#include <gelf.h>

#include <cstring>
#include <memory>
#include <string>

#include "failure.h"

namespace bpf {

namespace {

class BtfCheck {
 public:
  explicit BtfCheck(const btf* types) : types_(types), count_(btf__type_cnt(types)) {}

  void all() {
    for (id_ = 1; id_ < count_; id_++) {
      const btf_type* type = btf__type_by_id(types_, id_);
      name(type->name_off);
      references(type);
      chainEnds(type);
    }
  }

 private:
  [[noreturn]] void damaged(const std::string& how) const {
    throw Failure("OPEN_FAILED", "The BPF object is damaged: its BTF type " + std::to_string(id_) + " " + how +
                                     ". Build it or copy it again.", EINVAL);
  }

  void name(uint32_t offset) const {
    if (btf__str_by_offset(types_, offset) == nullptr) damaged("has a name outside of the strings");
  }

  void reference(uint32_t id) const {
    if (id >= count_) damaged("refers to type " + std::to_string(id) + ", which is not there");
  }

  void references(const btf_type* type) const {
    uint32_t length = btf_vlen(type);
    switch (btf_kind(type)) {
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        for (uint32_t i = 0; i < length; i++) member(btf_members(type)[i].name_off, btf_members(type)[i].type);
        break;
      case BTF_KIND_FUNC_PROTO:
        reference(type->type);
        for (uint32_t i = 0; i < length; i++) member(btf_params(type)[i].name_off, btf_params(type)[i].type);
        break;
      case BTF_KIND_DATASEC:
        for (uint32_t i = 0; i < length; i++) reference(btf_var_secinfos(type)[i].type);
        break;
      case BTF_KIND_ENUM:
        for (uint32_t i = 0; i < length; i++) name(btf_enum(type)[i].name_off);
        break;
      case BTF_KIND_ENUM64:
        for (uint32_t i = 0; i < length; i++) name(btf_enum64(type)[i].name_off);
        break;
      case BTF_KIND_ARRAY:
        reference(btf_array(type)->type);
        reference(btf_array(type)->index_type);
        break;
      case BTF_KIND_INT:
      case BTF_KIND_FLOAT:
      case BTF_KIND_FWD:
        break;
      default:  // pointers, typedefs, modifiers, functions, variables, tags
        reference(type->type);
    }
  }

  void member(uint32_t nameOffset, uint32_t id) const {
    name(nameOffset);
    reference(id);
  }

  // A typedef and a const of each other would be followed for ever.
  void chainEnds(const btf_type* type) const {
    for (uint32_t steps = 0; type != nullptr && (btf_is_mod(type) || btf_is_typedef(type)); steps++) {
      if (steps == count_) damaged("is a typedef of itself");
      type = btf__type_by_id(types_, type->type);
    }
  }

  const btf* types_;
  uint32_t count_;
  uint32_t id_ = 0;
};

Elf_Data* findBtf(Elf* elf) {
  size_t names;
  if (elf_getshdrstrndx(elf, &names) != 0) return nullptr;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name != nullptr && strcmp(name, BTF_ELF_SEC) == 0) return elf_getdata(section, nullptr);
  }
  return nullptr;
}

}  // namespace

void checkBtf(const std::vector<char>& object) {
  elf_version(EV_CURRENT);
  // libelf's parameter is not const, but it only reads.
  std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_memory(const_cast<char*>(object.data()), object.size()), elf_end);
  Elf_Data* data = elf ? findBtf(elf.get()) : nullptr;
  if (data == nullptr || data->d_buf == nullptr) return;
  std::unique_ptr<btf, void (*)(btf*)> types(btf__new(data->d_buf, static_cast<uint32_t>(data->d_size)), btf__free);
  if (types) BtfCheck(types.get()).all();
}

}  // namespace bpf
