// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <malloc.h>

#include <algorithm>

#include "btf_check.h"
#include "failure.h"

namespace bpf {

namespace {

std::string advice(const std::string& log) {
  if (log.find("PROG LOAD LOG") != std::string::npos) return " The verifier's log is in the property `log`.";
  return log.empty() ? "" : " What libbpf said is in the property `log`.";
}

std::string sentence(const std::string& tried, int error, const LogCapture& capture, const std::string& log) {
  std::string why = describe(error);
  const std::string& warning = capture.firstWarning();
  // Most of libbpf's warnings end with the system's words.
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

std::vector<bpf_map*> userMaps(const bpf_object* object) {
  std::vector<bpf_map*> out;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!bpf_map__is_internal(map)) out.push_back(map);
  }
  return out;
}

bpf_map* findMap(const std::vector<bpf_map*>& maps, const std::string& name, const char* which) {
  for (bpf_map* map : maps) {
    if (name == bpf_map__name(map)) return map;
  }
  throw Failure("UNKNOWN_NAME", std::string("The object has no ") + which + " '" + name +
                                    "'. It has: " + listed(namesOf(maps, bpf_map__name)) + ".");
}

}  // namespace

Object::Object(const LoadOptions& options) : name_(options.name), verbose_(options.verbose) {
  open(options);
  variables_ = std::make_unique<Variables>(object_.get());
  for (const auto& [name, value] : options.constants) variables_->setConstant(name, value);
  selectPrograms(options);
  resizeMaps(options);
  load();
  variables_->mapMemory();
}

void Object::open(const LoadOptions& options) {
  checkBtf(options.bytes);
  LogCapture capture(log_, verbose_);
  LIBBPF_OPTS(bpf_object_open_opts, opts);
  opts.object_name = name_.c_str();
  if (!options.btfPath.empty()) opts.btf_custom_path = options.btfPath.c_str();
  // kernel_log_level stays 0: libbpf then loads without a verifier log, which is much faster, and when that fails it
  // loads once more with a log whose buffer it enlarges until all fits. A log buffer of ours would do neither, and would
  // fail the load of a good program with ENOSPC when it is too small.
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
  auto maps = userMaps(object_.get());
  for (const auto& [name, entries] : options.mapSizes) {
    bpf_map__set_max_entries(findMap(maps, name, "map"), entries);
  }
}

void Object::load() {
  LogCapture capture(log_, verbose_);
  int error = -bpf_object__load(object_.get());
#ifdef __GLIBC__
  // libbpf has just freed its copy of the kernel's BTF, some 10 MB; left alone, malloc may keep it for good.
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

bool Object::isAttached(const bpf_program* program) const {
  return std::any_of(attached_.begin(), attached_.end(), [&](const Attached& a) { return a.program == program; });
}

void Object::attach(const std::optional<std::vector<std::string>>& names) {
  auto loaded = loadedPrograms();
  std::vector<bpf_program*> wanted;
  if (names) {
    for (const auto& name : *names) wanted.push_back(findProgram(loaded, name, "loaded program"));
  } else {
    wanted = loaded;
  }
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
  // The last first: what was attached to be there before another must be there after it.
  while (!attached_.empty()) attached_.pop_back();
}

int Object::ringMap(const std::string& name) const {
  std::vector<bpf_map*> rings;
  for (bpf_map* map : userMaps(object_.get())) {
    if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) rings.push_back(map);
  }
  return bpf_map__fd(findMap(rings, name, "ring buffer map"));
}

}  // namespace bpf
