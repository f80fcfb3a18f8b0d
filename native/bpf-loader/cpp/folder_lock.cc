// SPDX-License-Identifier: Apache-2.0
#include "folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "failure.h"

namespace bpf {

namespace {

Failure failure(const std::string& path, int error) {
  return Failure("LOCK_FAILED", "Cannot lock the folder '" + path + "': " + describe(error) + ".", error);
}

}  // namespace

bool lockFolder(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw failure(path, errno);
  // The descriptor stays open, and the lock with it.
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  int error = errno;
  close(fd);
  if (error == EWOULDBLOCK) return false;
  throw failure(path, error);
}

}  // namespace bpf
