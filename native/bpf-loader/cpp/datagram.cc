// SPDX-License-Identifier: Apache-2.0
#include "datagram.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "failure.h"
#include "mapping.h"

namespace bpf {

namespace {

constexpr timeval kLongest = {1, 0};

Failure failure(const std::string& address, int error) {
  return Failure("SEND_FAILED", "Cannot send to " + address + ": " + describe(error) + ".", error);
}

}  // namespace

void sendDatagram(const std::string& address, const std::string& text) {
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  // The zero after it is not a part of an abstract name, and not needed after a path.
  if (address.size() >= sizeof(to.sun_path)) throw failure(address, ENAMETOOLONG);
  memcpy(to.sun_path, address.data(), address.size());
  if (address[0] == '@') to.sun_path[0] = '\0';
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw failure(address, errno);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kLongest, sizeof(kLongest));
  auto* place = reinterpret_cast<sockaddr*>(&to);
  if (sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, place, length) < 0) throw failure(address, errno);
}

}  // namespace bpf
