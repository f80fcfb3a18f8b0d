// SPDX-License-Identifier: Apache-2.0
// Owners of a memory mapping and of a file descriptor.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace bpf {

class Mapping {
 public:
  Mapping() = default;
  Mapping(int fd, size_t length, int protection, off_t offset)
      : address_(mmap(nullptr, length, protection, MAP_SHARED, fd, offset)), length_(length) {}
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, MAP_FAILED)), length_(std::exchange(other.length_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~Mapping() {
    if (valid()) munmap(address_, length_);
  }

  bool valid() const { return address_ != MAP_FAILED; }
  uint8_t* data() const { return static_cast<uint8_t*>(address_); }

 private:
  void* address_ = MAP_FAILED;
  size_t length_ = 0;
};

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }

  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace bpf
