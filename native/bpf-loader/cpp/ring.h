// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer: drain() copies records out on the caller's thread; a Waiter thread reports new ones.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>

#include "mapping.h"

namespace bpf {

// Records back to back: u32 length, u32 zero, the bytes padded to 8. Valid until the next drain.
struct Batch {
  const uint8_t* data;
  size_t size;
};

class Ring {
 public:
  // Duplicates the descriptor: the ring outlives the object that the map came from.
  explicit Ring(int mapFd);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // Returns at most maxBytes but at least one record; size 0 when there is none.
  Batch drain(size_t maxBytes);
  uint64_t pendingBytes() const;
  int fd() const { return fd_.get(); }

 private:
  struct FreeRing {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
  };

  static int onRecord(void* self, void* data, size_t size);
  int append(const uint8_t* data, uint32_t size);
  bool reserve(size_t capacity);
  bool nextFits(const uint8_t* data, uint32_t size) const;

  UniqueFd fd_;
  Mapping consumer_;
  Mapping producer_;
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  uint8_t* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t used_ = 0;
  size_t limit_ = 0;
  bool outOfMemory_ = false;
};

}  // namespace bpf
