// SPDX-License-Identifier: Apache-2.0
// A BPF object: opened from bytes, loaded, attached and detached.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "integer.h"
#include "log_capture.h"
#include "mapping.h"
#include "variables.h"

namespace bpf {

struct LoadOptions {
  std::vector<char> bytes;
  std::string name;
  std::vector<std::pair<std::string, Integer>> constants;
  std::optional<std::vector<std::string>> programs;
  std::vector<std::pair<std::string, uint32_t>> mapSizes;
  std::vector<std::pair<std::string, std::string>> pinnedMaps;  // map, path
  std::string adopt;    // the folder of a pinned object; empty: the object is loaded
  std::string btfPath;  // empty: the running kernel's
  bool verbose = false;
};

struct ProgramStats {
  std::string name;
  uint64_t runTimeNs;
  uint64_t runCount;
  uint64_t recursionMisses;
};

using NamedMaps = std::vector<std::pair<std::string, bpf_map*>>;

class Object {
 public:
  explicit Object(const LoadOptions& options);
  ~Object() = default;

  void attach(const std::optional<std::vector<std::string>>& names);
  void detach();
  // Pins everything in an existing folder of a BPF file system: maps, loaded programs and links stay when this process ends.
  void pin(const std::string& folder);
  // The attached programs, in the order of attaching; those of an adopted object by name.
  std::vector<std::string> attachedPrograms() const;
  std::vector<ProgramStats> programStats() const;
  // Key and value have the map's own sizes.
  void updateMap(const std::string& name, const std::vector<char>& key, const std::vector<char>& value);
  // All entries of a hash map, one after another: the key, then the value.
  std::vector<char> readMap(const std::string& name) const;
  // A missing key is not an error.
  void deleteFromMap(const std::string& name, const std::vector<char>& key);
  // The descriptor of a ring buffer map; it belongs to the object.
  int ringMap(const std::string& name) const;
  Variables& variables() { return *variables_; }
  const std::string& log() const { return log_; }

 private:
  struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  struct DestroyLink {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  };
  using Link = std::unique_ptr<bpf_link, DestroyLink>;
  struct Attached {
    bpf_program* program;
    Link link;
  };
  // A program that is pinned.
  struct Adopted {
    std::string name;
    UniqueFd program;  // none: this object has loaded it
    UniqueFd link;     // none: it is not attached
  };

  void open(const LoadOptions& options);
  void selectPrograms(const LoadOptions& options);
  void resizeMaps(const LoadOptions& options);
  void takePinnedMaps(const LoadOptions& options);
  void load();
  void adopt(const std::string& folder);
  void adoptMaps(const std::string& folder);
  std::vector<bpf_program*> loadedPrograms() const;
  // Whether a map belongs to another program.
  bool isTaken(const bpf_map* map) const;
  bool isAttached(const bpf_program* program) const;

  std::string log_;
  std::string name_;
  bool verbose_;
  std::unique_ptr<bpf_object, CloseObject> object_;
  std::vector<const bpf_map*> taken_;
  NamedMaps maps_;  // by the object's names: libbpf renames a map that is taken from a pin
  std::unique_ptr<Variables> variables_;
  std::vector<Adopted> adopted_;
  std::vector<Attached> attached_;  // after object_: links are destroyed before the programs
};

}  // namespace bpf
