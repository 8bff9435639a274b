// A pipe that an input comes out of, in pieces as they fit.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "cr/sys/fd.h"

namespace fuzz {

class Pipe {
 public:
  // `data` is borrowed.
  Pipe(const uint8_t* data, size_t size) {
    ::signal(SIGPIPE, SIG_IGN);  // a reader that has seen enough goes away
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    reader_ = cr::sys::UniqueFd(ends[0]);
    writer_ = std::jthread([data, size, end = ends[1]] {
      for (size_t done = 0; done < size;) {
        const ssize_t put = ::write(end, data + done, size - done);
        if (put <= 0) break;
        done += static_cast<size_t>(put);
      }
      ::close(end);
    });
  }
  ~Pipe() { reader_.reset(); }
  int fd() const { return reader_.get(); }

 private:
  std::jthread writer_;
  cr::sys::UniqueFd reader_;
};

}  // namespace fuzz
