// A pid namespace of its own for a test that has to know who else is there.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>

namespace cr::sys {

// Runs `body` as the init of a pid namespace with a /proc of its own: nobody is there but who it starts, and
// all may be looked at. Its failures are the test's.
inline void among_themselves(const std::function<void()>& body) {
  const pid_t outer = ::fork();
  if (outer == 0) {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(77);
    const pid_t init = ::fork();
    if (init == 0) {
      const bool alone = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
      if (!alone) ::_exit(77);
      try {
        body();
      } catch (const std::exception& thrown) {  // must not get to the other tests, which are the parent's
        ADD_FAILURE() << thrown.what();
      }
      std::fflush(stdout);
      ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(init, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(outer, &status, 0), outer);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "a pid namespace needs privileges";
  EXPECT_EQ(status, 0) << "what failed in the namespace is told above";
}

}  // namespace cr::sys
