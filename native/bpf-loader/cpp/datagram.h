// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bpf {

// Sends one datagram to a unix socket. `address` is a path, or `@` and the name of an abstract socket. Waits for up to a second
// where the receiver's queue is full.
void sendDatagram(const std::string& address, const std::string& text);

}  // namespace bpf
