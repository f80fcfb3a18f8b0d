// SPDX-License-Identifier: Apache-2.0
// What outlives a process: an object's maps, programs and links, pinned in a folder of a BPF file system, and taken from there.
#include <bpf/bpf.h>

#include <algorithm>

#include "failure.h"
#include "object.h"
#include "pin.h"
#include "ring.h"

namespace bpf {

namespace {

// The file system takes no dots: they are in the names of global data.
std::string place(const std::string& folder, const char* kind, std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return folder + "/" + kind + "_" + name;
}

// libbpf puts the object's name before the name of global data.
std::string pinName(const bpf_map* map) {
  std::string name = bpf_map__name(map);
  return bpf_map__is_internal(map) ? name.substr(name.find('.')) : name;
}

std::vector<bpf_map*> mapsOf(const bpf_object* object) {
  std::vector<bpf_map*> out;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) out.push_back(map);
  return out;
}

void pinOne(int fd, const std::string& path) {
  if (bpf_obj_pin(fd, path.c_str()) == 0) return;
  int error = errno;
  throw Failure("PIN_FAILED", "Cannot pin at '" + path + "': " + describe(error) + ".", error);
}

UniqueFd take(const std::string& path) {
  UniqueFd fd(bpf_obj_get(path.c_str()));
  if (fd.valid()) return fd;
  int error = errno;
  throw Failure("PIN_FAILED", "Cannot take what is pinned at '" + path + "': " + describe(error) + ".", error);
}

}  // namespace

uint64_t unreadPinnedRecords(const std::string& path, uint32_t longerThan) {
  return unreadRecords(take(path).get(), longerThan);
}

void Object::pin(const std::string& folder) {
  for (bpf_map* map : mapsOf(object_.get())) {
    // Somebody else's: its owner has pinned it.
    if (bpf_map__fd(map) >= 0 && !isTaken(map)) pinOne(bpf_map__fd(map), place(folder, "map", pinName(map)));
  }
  for (bpf_program* program : loadedPrograms()) {
    pinOne(bpf_program__fd(program), place(folder, "prog", bpf_program__name(program)));
  }
  for (const Attached& one : attached_) {
    pinOne(bpf_link__fd(one.link.get()), place(folder, "link", bpf_program__name(one.program)));
  }
  // libbpf switches off the perf event behind a link that it destroys, and a kprobe with it. Disconnected, it leaves the
  // descriptor to us.
  for (const Attached& one : attached_) {
    bpf_link__disconnect(one.link.get());
    adopted_.push_back({bpf_program__name(one.program), UniqueFd(), UniqueFd(bpf_link__fd(one.link.get()))});
  }
  attached_.clear();
}

void Object::adoptMaps(const std::string& folder) {
  for (bpf_map* map : mapsOf(object_.get())) {
    if (isTaken(map)) continue;
    std::string path = place(folder, "map", pinName(map));
    UniqueFd fd = take(path);
    bpf_map_info info = {};
    uint32_t size = sizeof(info);
    int error = bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? 0 : errno;
    if (error == 0 && (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
                       info.value_size != bpf_map__value_size(map))) {
      throw Failure("PIN_FAILED", "The map pinned at '" + path + "' has another layout than this object's.");
    }
    if (error == 0) error = -bpf_map__reuse_fd(map, fd.get());
    if (error != 0) {
      throw Failure("PIN_FAILED", "Cannot take the map pinned at '" + path + "': " + describe(error) + ".", error);
    }
  }
}

void Object::adopt(const std::string& folder) {
  LogCapture capture(log_, verbose_);
  adoptMaps(folder);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    if (!bpf_program__autoload(program)) continue;
    std::string name = bpf_program__name(program);
    UniqueFd link(bpf_obj_get(place(folder, "link", name).c_str()));
    adopted_.push_back({name, take(place(folder, "prog", name)), std::move(link)});
  }
}

std::vector<std::string> Object::attachedPrograms() const {
  std::vector<std::string> out;
  for (const Adopted& one : adopted_) {
    if (one.link.valid()) out.push_back(one.name);
  }
  for (const Attached& one : attached_) out.emplace_back(bpf_program__name(one.program));
  return out;
}

}  // namespace bpf
