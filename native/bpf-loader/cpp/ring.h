// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer: drain() copies records out on the caller's thread; a Waiter thread reports new ones.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mapping.h"

namespace bpf {

// Records back to back: u32 length, u32 zero, the bytes padded to 8. Valid until the next drain.
struct Batch {
  const uint8_t* data;
  size_t size;
};

class Ring {
 public:
  // Duplicates the descriptor: the ring outlives the object that the map came from. With `keep`, drained records stay in the
  // ring until they are released.
  Ring(int mapFd, bool keep);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // Returns at most maxBytes but at least one record; size 0 when there is none.
  Batch drain(size_t maxBytes);
  // What was not drained yet.
  uint64_t pendingBytes() const;
  // Bytes from the beginning of the ring's life up to which records were drained, and up to which they were released.
  uint64_t position() const { return position_; }
  uint64_t released() const;
  // Gives the kernel the room of the records up to a position. Beyond what was drained, it skips records.
  void release(uint64_t position);
  int fd() const { return fd_.get(); }

 private:
  void append(const uint8_t* data, uint32_t size);
  bool reserve(size_t capacity);

  UniqueFd fd_;
  bool keep_;
  Mapping consumer_;
  Mapping producer_;  // and the data behind it, twice in a row: no record wraps around
  const uint8_t* records_ = nullptr;
  uint64_t mask_ = 0;
  uint64_t position_ = 0;
  uint8_t* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t used_ = 0;
};

// The number of records in a ring that nobody has released, without those of up to a size. They stay there.
uint64_t unreadRecords(int mapFd, uint32_t longerThan);

}  // namespace bpf
