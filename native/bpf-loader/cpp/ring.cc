// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <bpf/bpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "failure.h"

namespace bpf {

namespace {

constexpr size_t kCountedAtOnce = 1 << 20;
constexpr size_t kHeader = BPF_RINGBUF_HDR_SZ;

size_t padded(uint32_t size) { return (size_t{size} + 7) & ~size_t{7}; }

uint64_t load(const Mapping& page) {
  return __atomic_load_n(reinterpret_cast<const unsigned long*>(page.data()), __ATOMIC_ACQUIRE);
}

[[noreturn]] void cannotOpen(const char* tried, int error) {
  throw Failure("RING_FAILED", std::string("Cannot open the ring buffer: ") + tried + ": " + describe(error) + ".", error);
}

}  // namespace

Ring::Ring(int mapFd, bool keep) : fd_(fcntl(mapFd, F_DUPFD_CLOEXEC, 0)), keep_(keep) {
  if (!fd_.valid()) cannotOpen("duplicating the map's descriptor", errno);
  bpf_map_info info = {};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd_.get(), &info, &size) != 0) cannotOpen("asking for its size", errno);
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  consumer_ = Mapping(fd_.get(), page, PROT_READ | PROT_WRITE, 0);
  if (!consumer_.valid()) cannotOpen("mapping the consumer page", errno);
  producer_ = Mapping(fd_.get(), page + 2 * size_t{info.max_entries}, PROT_READ, static_cast<off_t>(page));
  if (!producer_.valid()) cannotOpen("mapping the producer page and the data", errno);
  records_ = producer_.data() + page;
  mask_ = info.max_entries - 1;
  position_ = released();
}

Ring::~Ring() { free(buffer_); }

uint64_t Ring::released() const { return load(consumer_); }

// Records are only added meanwhile, so the difference is never negative.
uint64_t Ring::pendingBytes() const { return load(producer_) - position_; }

void Ring::release(uint64_t position) {
  uint64_t from = released();
  uint64_t produced = load(producer_);
  if (position - from > produced - from) {
    throw Failure("INVALID_ARGUMENT", "The ring buffer holds the positions " + std::to_string(from) + " to " +
                                          std::to_string(produced) + ", not " + std::to_string(position) + ".");
  }
  if (position_ - from < position - from) position_ = position;
  // The records were copied before: the kernel overwrites them as soon as it sees this.
  __atomic_store_n(reinterpret_cast<unsigned long*>(consumer_.data()), position, __ATOMIC_SEQ_CST);
}

Batch Ring::drain(size_t maxBytes) {
  used_ = 0;
  // What comes later is left, so that a fast producer does not hold this thread.
  uint64_t produced = load(producer_);
  // A framed record is as long as in the ring, so this is room for everything that is there now.
  bool reserved = produced == position_ || reserve(std::min<uint64_t>(produced - position_, maxBytes));
  while (reserved && position_ != produced) {
    const uint8_t* header = records_ + (position_ & mask_);
    uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) break;
    uint32_t size = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    size_t framed = kHeader + padded(size);
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
      if (used_ > 0 && used_ + framed > maxBytes) break;
      // Only a first record that is longer than the limit gets here without room.
      reserved = reserve(used_ + framed);
      if (!reserved) break;
      append(header + kHeader, size);
    }
    position_ += framed;
  }
  if (!reserved) {
    throw Failure("DRAIN_FAILED", "Out of memory while reading the ring buffer. Ask for fewer bytes at a time.", ENOMEM);
  }
  if (!keep_) release(position_);
  return {buffer_, used_};
}

void Ring::append(const uint8_t* data, uint32_t size) {
  uint32_t header[2] = {size, 0};
  memcpy(buffer_ + used_, header, kHeader);
  memcpy(buffer_ + used_ + kHeader, data, size);
  memset(buffer_ + used_ + kHeader + size, 0, padded(size) - size);
  used_ += kHeader + padded(size);
}

bool Ring::reserve(size_t capacity) {
  if (capacity <= capacity_) return true;
  auto* grown = static_cast<uint8_t*>(realloc(buffer_, capacity));
  if (grown == nullptr) return false;
  buffer_ = grown;
  capacity_ = capacity;
  return true;
}

uint64_t unreadRecords(int mapFd, uint32_t longerThan) {
  Ring ring(mapFd, true);
  uint64_t count = 0;
  for (Batch batch = ring.drain(kCountedAtOnce); batch.size > 0; batch = ring.drain(kCountedAtOnce)) {
    for (size_t at = 0; at < batch.size;) {
      uint32_t size;
      memcpy(&size, batch.data + at, sizeof(size));
      if (size > longerThan) count++;
      at += kHeader + padded(size);
    }
  }
  return count;
}

}  // namespace bpf
