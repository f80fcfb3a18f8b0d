// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <fcntl.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "failure.h"
#include "log_capture.h"

namespace bpf {

namespace {

// libbpf counts a record as consumed when the callback returns an error for it, so stopping after a copied record
// neither loses nor repeats one.
constexpr int kStop = -ECANCELED;

constexpr size_t kHeader = BPF_RINGBUF_HDR_SZ;

size_t padded(uint32_t size) { return (size_t{size} + 7) & ~size_t{7}; }

uint64_t position(const Mapping& page) {
  return __atomic_load_n(reinterpret_cast<const unsigned long*>(page.data()), __ATOMIC_ACQUIRE);
}

[[noreturn]] void cannotOpen(const char* tried, int error) {
  throw Failure("RING_FAILED", std::string("Cannot open the ring buffer: ") + tried + ": " + describe(error) + ".", error);
}

}  // namespace

Ring::Ring(int mapFd) : fd_(fcntl(mapFd, F_DUPFD_CLOEXEC, 0)) {
  if (!fd_.valid()) cannotOpen("duplicating the map's descriptor", errno);
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  consumer_ = Mapping(fd_.get(), page, PROT_READ, 0);
  if (!consumer_.valid()) cannotOpen("mapping the consumer page", errno);
  producer_ = Mapping(fd_.get(), page, PROT_READ, static_cast<off_t>(page));
  if (!producer_.valid()) cannotOpen("mapping the producer page", errno);
  ring_.reset(ring_buffer__new(fd_.get(), onRecord, this, nullptr));
  if (!ring_) cannotOpen("ring_buffer__new", errno);
}

Ring::~Ring() { free(buffer_); }

uint64_t Ring::pendingBytes() const {
  // Reads the consumer first: it moves only on this thread, so the difference is never negative.
  uint64_t consumed = position(consumer_);
  return position(producer_) - consumed;
}

Batch Ring::drain(size_t maxBytes) {
  used_ = 0;
  limit_ = maxBytes;
  outOfMemory_ = false;
  // A framed record is as long as in the ring, so this is room for everything that is there now.
  uint64_t pending = pendingBytes();
  if (pending == 0) return {nullptr, 0};
  bool reserved = reserve(std::min<uint64_t>(pending, maxBytes));
  if (reserved) {
    int result = ring_buffer__consume(ring_.get());
    if (result < 0 && result != kStop) {
      throw Failure("DRAIN_FAILED", "Cannot read the ring buffer: " + describe(-result) + ".", -result);
    }
  }
  if (!reserved || outOfMemory_) {
    throw Failure("DRAIN_FAILED", "Out of memory while reading the ring buffer. Ask for fewer bytes at a time.", ENOMEM);
  }
  return {buffer_, used_};
}

int Ring::onRecord(void* self, void* data, size_t size) {
  return static_cast<Ring*>(self)->append(static_cast<const uint8_t*>(data), static_cast<uint32_t>(size));
}

int Ring::append(const uint8_t* data, uint32_t size) {
  size_t framed = kHeader + padded(size);
  // Only a first record that is longer than the limit gets here without room.
  if (!reserve(used_ + framed)) {
    outOfMemory_ = true;
    return kStop;
  }
  uint32_t header[2] = {size, 0};
  memcpy(buffer_ + used_, header, kHeader);
  memcpy(buffer_ + used_ + kHeader, data, size);
  memset(buffer_ + used_ + kHeader + size, 0, padded(size) - size);
  used_ += framed;
  return nextFits(data, size) ? 0 : kStop;
}

bool Ring::reserve(size_t capacity) {
  if (capacity <= capacity_) return true;
  auto* grown = static_cast<uint8_t*>(realloc(buffer_, capacity));
  if (grown == nullptr) return false;
  buffer_ = grown;
  capacity_ = capacity;
  return true;
}

// Reads the header of the following record: libbpf cannot leave a record in the ring once the callback has seen it.
// Stopping when nothing follows yet also keeps a fast producer from holding this thread.
bool Ring::nextFits(const uint8_t* data, uint32_t size) const {
  uint64_t next = position(consumer_) + kHeader + padded(size);
  uint64_t produced = position(producer_);
  const uint8_t* header = data + padded(size);  // does not wrap around: libbpf maps the data twice in a row
  while (next < produced) {
    uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) return false;
    size_t framed = kHeader + padded(word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT));
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) return used_ + framed <= limit_;
    next += framed;
    header += framed;
  }
  return false;
}

}  // namespace bpf
