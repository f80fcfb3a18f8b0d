// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <bpf/bpf.h>
#include <malloc.h>

#include <algorithm>

#include "btf_check.h"
#include "failure.h"
#include "hold_signals.h"
#include "mapping.h"

namespace bpf {

namespace {

std::string advice(const std::string& log) {
  if (log.find("PROG LOAD LOG") != std::string::npos) return " The verifier's log is in the property `log`.";
  return log.empty() ? "" : " libbpf's messages are in the property `log`.";
}

std::string sentence(const std::string& tried, int error, const LogCapture& capture, const std::string& log) {
  std::string why = describe(error);
  const std::string& warning = capture.firstWarning();
  // Most of libbpf's warnings end with the system's message.
  if (!warning.empty()) why = warning.find(why) == std::string::npos ? why + " (" + warning + ")" : warning;
  return tried + ": " + why + "." + advice(log);
}

template <class Item, class Name>
std::vector<std::string> namesOf(const std::vector<Item*>& items, Name name) {
  std::vector<std::string> out;
  for (Item* item : items) out.emplace_back(name(item));
  return out;
}

bpf_program* findProgram(const std::vector<bpf_program*>& programs, const std::string& name, const char* which) {
  for (bpf_program* program : programs) {
    if (name == bpf_program__name(program)) return program;
  }
  throw Failure("UNKNOWN_NAME", std::string("The object has no ") + which + " '" + name +
                                    "'. It has: " + listed(namesOf(programs, bpf_program__name)) + ".");
}

NamedMaps userMaps(const bpf_object* object) {
  NamedMaps out;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!bpf_map__is_internal(map)) out.emplace_back(bpf_map__name(map), map);
  }
  return out;
}

bpf_map* findMap(const NamedMaps& maps, const std::string& name, const char* which) {
  std::vector<std::string> names;
  for (const auto& [its, map] : maps) {
    if (name == its) return map;
    names.push_back(its);
  }
  throw Failure("UNKNOWN_NAME",
                std::string("The object has no ") + which + " '" + name + "'. It has: " + listed(names) + ".");
}

std::string shape(uint32_t type, uint32_t keySize, uint32_t valueSize) {
  const char* known = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type));
  return "of type " + (known ? known : std::to_string(type)) + " with keys of " + std::to_string(keySize) +
         " and values of " + std::to_string(valueSize) + " bytes";
}

void checkSize(const std::string& map, const char* what, size_t given, size_t expected) {
  if (given == expected) return;
  throw Failure("WRONG_SIZE", "A " + std::string(what) + " of the map '" + map + "' has " + std::to_string(expected) +
                                  " bytes, not " + std::to_string(given) + ".");
}

}  // namespace

Object::Object(const LoadOptions& options) : name_(options.name), verbose_(options.verbose) {
  open(options);
  maps_ = userMaps(object_.get());
  variables_ = std::make_unique<Variables>(object_.get());
  for (const auto& [name, value] : options.constants) variables_->setConstant(name, value);
  selectPrograms(options);
  resizeMaps(options);
  takePinnedMaps(options);
  if (options.adopt.empty()) {
    load();
  } else {
    adopt(options.adopt);
  }
  variables_->mapMemory();
}

void Object::open(const LoadOptions& options) {
  checkBtf(options.bytes);
  HoldSignals hold;
  LogCapture capture(log_, verbose_);
  LIBBPF_OPTS(bpf_object_open_opts, opts);
  opts.object_name = name_.c_str();
  if (!options.btfPath.empty()) opts.btf_custom_path = options.btfPath.c_str();
  // kernel_log_level stays 0: libbpf then loads without a verifier log, which is much faster. When that fails it loads again
  // with a log buffer that grows until everything fits. With our own buffer it would do neither, and a good program would
  // fail with ENOSPC when the buffer is too small.
  object_.reset(bpf_object__open_mem(options.bytes.data(), options.bytes.size(), &opts));
  if (object_) return;
  int error = errno;
  throw Failure("OPEN_FAILED", sentence("The bytes given are not a BPF object that libbpf can open", error, capture, log_),
                error, log_);
}

void Object::selectPrograms(const LoadOptions& options) {
  if (!options.programs) return;
  std::vector<bpf_program*> all;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    all.push_back(program);
    bpf_program__set_autoload(program, false);
  }
  for (const auto& name : *options.programs) bpf_program__set_autoload(findProgram(all, name, "program"), true);
}

void Object::resizeMaps(const LoadOptions& options) {
  for (const auto& [name, entries] : options.mapSizes) {
    bpf_map__set_max_entries(findMap(maps_, name, "map"), entries);
  }
}

void Object::takePinnedMaps(const LoadOptions& options) {
  for (const auto& [name, path] : options.pinnedMaps) {
    bpf_map* map = findMap(maps_, name, "map");
    taken_.push_back(map);
    // The programs of an adopted object have it already.
    if (!options.adopt.empty()) continue;
    LogCapture capture(log_, verbose_);
    // Read-only, because it belongs to another program. The flag works for maps only, so a pinned program is refused.
    LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
    UniqueFd pin(bpf_obj_get_opts(path.c_str(), &opts));
    bpf_map_info info = {};
    uint32_t size = sizeof(info);
    std::string tried = "Cannot take the map pinned at '" + path + "'";
    if (!pin.valid() || bpf_obj_get_info_by_fd(pin.get(), &info, &size) != 0) {
      int error = errno;
      throw Failure("PIN_FAILED", sentence(tried, error, capture, log_), error, log_);
    }
    std::string its = shape(info.type, info.key_size, info.value_size);
    std::string expected = shape(bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map));
    if (its != expected) throw Failure("PIN_FAILED", tried + ": it is " + its + ", but '" + name + "' is " + expected + ".");
    int error = -bpf_map__reuse_fd(map, pin.get());
    if (error != 0) throw Failure("PIN_FAILED", sentence(tried, error, capture, log_), error, log_);
  }
}

void Object::load() {
  HoldSignals hold;
  LogCapture capture(log_, verbose_);
  int error = -bpf_object__load(object_.get());
#ifdef __GLIBC__
  // libbpf has just freed its copy of the kernel's BTF, some 10 MB, which malloc might keep for good.
  malloc_trim(0);
#endif
  if (error == 0) return;
  throw Failure("LOAD_FAILED", sentence("Cannot load the BPF object '" + name_ + "' into the kernel", error, capture, log_),
                error, log_);
}

std::vector<bpf_program*> Object::loadedPrograms() const {
  std::vector<bpf_program*> out;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    if (bpf_program__fd(program) >= 0) out.push_back(program);
  }
  return out;
}

bool Object::isTaken(const bpf_map* map) const { return std::find(taken_.begin(), taken_.end(), map) != taken_.end(); }

bool Object::isAttached(const bpf_program* program) const {
  auto names = attachedPrograms();
  return std::find(names.begin(), names.end(), bpf_program__name(program)) != names.end();
}

void Object::attach(const std::optional<std::vector<std::string>>& names) {
  auto loaded = loadedPrograms();
  std::vector<bpf_program*> wanted;
  if (names) {
    for (const auto& name : *names) wanted.push_back(findProgram(loaded, name, "loaded program"));
  } else {
    wanted = loaded;
  }
  HoldSignals hold;
  LogCapture capture(log_, verbose_);
  size_t before = attached_.size();
  for (bpf_program* program : wanted) {
    if (isAttached(program)) continue;
    Link link(bpf_program__attach(program));
    if (!link) {
      int error = errno;
      while (attached_.size() > before) attached_.pop_back();
      std::string tried = std::string("Cannot attach the BPF program '") + bpf_program__name(program) + "' (" +
                          bpf_program__section_name(program) + ")";
      throw Failure("ATTACH_FAILED", sentence(tried, error, capture, log_), error, log_);
    }
    attached_.push_back({program, std::move(link)});
  }
}

void Object::detach() {
  LogCapture capture(log_, verbose_);
  // In reverse order: a program that was attached before another must outlive it.
  while (!attached_.empty()) attached_.pop_back();
  adopted_.clear();
}

int Object::ringMap(const std::string& name) const {
  NamedMaps rings;
  for (const auto& named : maps_) {
    if (bpf_map__type(named.second) == BPF_MAP_TYPE_RINGBUF) rings.push_back(named);
  }
  return bpf_map__fd(findMap(rings, name, "ring buffer map"));
}

void Object::updateMap(const std::string& name, const std::vector<char>& key, const std::vector<char>& value) {
  bpf_map* map = findMap(maps_, name, "map");
  checkSize(name, "key", key.size(), bpf_map__key_size(map));
  checkSize(name, "value", value.size(), bpf_map__value_size(map));
  int error = -bpf_map__update_elem(map, key.data(), key.size(), value.data(), value.size(), BPF_ANY);
  if (error != 0) throw Failure("MAP_FAILED", "Cannot update the map '" + name + "': " + describe(error) + ".", error);
}

std::vector<char> Object::readMap(const std::string& name) const {
  // The values of other maps have other sizes in user space, one for each CPU for instance.
  NamedMaps hashes;
  for (const auto& named : maps_) {
    if (bpf_map__type(named.second) == BPF_MAP_TYPE_HASH) hashes.push_back(named);
  }
  const bpf_map* map = findMap(hashes, name, "hash map");
  size_t keySize = bpf_map__key_size(map);
  size_t valueSize = bpf_map__value_size(map);
  uint32_t count = bpf_map__max_entries(map);
  // Room for all of them in one call. What the kernel does not fill takes no memory.
  std::unique_ptr<char[]> keys(new char[keySize * count]);
  std::unique_ptr<char[]> values(new char[valueSize * count]);
  uint64_t next = 0;  // where a second call would go on
  LIBBPF_OPTS(bpf_map_batch_opts, opts);
  int error = -bpf_map_lookup_batch(bpf_map__fd(map), nullptr, &next, keys.get(), values.get(), &count, &opts);
  // ENOENT: there are no more.
  if (error != 0 && error != ENOENT) {
    throw Failure("MAP_FAILED", "Cannot read the map '" + name + "': " + describe(error) + ".", error);
  }
  std::vector<char> out;
  out.reserve(count * (keySize + valueSize));
  for (uint32_t i = 0; i < count; i++) {
    const char* key = keys.get() + i * keySize;
    const char* value = values.get() + i * valueSize;
    out.insert(out.end(), key, key + keySize);
    out.insert(out.end(), value, value + valueSize);
  }
  return out;
}

void Object::deleteFromMap(const std::string& name, const std::vector<char>& key) {
  bpf_map* map = findMap(maps_, name, "map");
  checkSize(name, "key", key.size(), bpf_map__key_size(map));
  int error = -bpf_map__delete_elem(map, key.data(), key.size(), 0);
  if (error != 0 && error != ENOENT) {
    throw Failure("MAP_FAILED", "Cannot delete from the map '" + name + "': " + describe(error) + ".", error);
  }
}

}  // namespace bpf
