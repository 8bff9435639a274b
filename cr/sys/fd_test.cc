// A descriptor has one owner, everything opened is close-on-exec, and a short read is an error.
#include "cr/sys/fd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "cr/sys/sys_testing.h"

namespace cr::sys {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

UniqueFd in_memory(std::string_view text) {
  UniqueFd fd(::memfd_create("fd_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  UniqueFd read_end, write_end;
};

TEST(UniqueFd, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd = in_memory("x");
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingLeavesTheSourceEmpty) {
  UniqueFd first = in_memory("x");
  const int number = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.get(), number);
  UniqueFd third = in_memory("y");
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), number);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, MovingToItselfKeepsTheDescriptor) {
  UniqueFd fd = in_memory("x");
  const int number = fd.get();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  UniqueFd fd = in_memory("x");
  const int number = fd.release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Open, IsCloseOnExecAndNamesThePathWhenItFails) {
  const auto fd = open("/dev/null", O_RDONLY);
  ASSERT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd->get(), F_GETFD), FD_CLOEXEC);
  const auto missing = open("/dev/null/none", O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().error_number(), ENOTDIR);
  EXPECT_THAT(missing.error().message(), HasSubstr("/dev/null/none"));
}

TEST(Open, AtADirectory) {
  const TempDir dir;
  const UniqueFd parent = open(dir.path(), O_PATH | O_DIRECTORY).value();
  EXPECT_TRUE(open_at(parent.get(), "new", O_CREAT | O_WRONLY, 0600));
  EXPECT_TRUE(std::filesystem::exists(dir / "new"));
}

TEST(ReadAll, GoesToTheEndAcrossItsBuffer) {
  const std::string text(100'001, 'x');
  EXPECT_EQ(read_all(in_memory(text).get()).value(), text);
  EXPECT_EQ(read_all(in_memory("").get()).value(), "");
}

TEST(ReadFile, NamesTheFile) {
  EXPECT_THAT(read_file("/proc/self/comm").value(), HasSubstr("sys_test"));
  EXPECT_THAT(read_file("/none").error().message(), HasSubstr("/none"));
  EXPECT_THAT(read_file("/proc/self/fd").error().message(),
              HasSubstr("/proc/self/fd"));  // EISDIR comes from read
}

TEST(ReadLink, OfAnyLength) {
  const TempDir dir;
  for (const size_t length : {size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{1000}, size_t{4000}}) {
    const std::string target(length, 't');
    const std::string link = dir / std::to_string(length);
    ASSERT_EQ(::symlink(target.c_str(), link.c_str()), 0);
    EXPECT_EQ(read_link(link).value(), target);
  }
  EXPECT_EQ(read_link(dir / "none").error().error_number(), ENOENT);
}

TEST(ReadFully, SaysHowMuchWasThere) {
  std::byte buffer[8];
  const auto result = read_fully(in_memory("12345").get(), buffer);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "end of file after 5 of 8 bytes");
  EXPECT_TRUE(read_fully(in_memory("12345678").get(), buffer));
}

// More than a pipe holds, so neither side gets by with a single call.
TEST(WriteFullyAndReadFully, GoOnAfterPartialCalls) {
  Pipe pipe;
  std::string sent(1 << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31);
  std::thread writer([&] { EXPECT_TRUE(write_fully(pipe.write_end.get(), std::as_bytes(std::span(sent)))); });
  std::string received(sent.size(), '\0');
  EXPECT_TRUE(read_fully(pipe.read_end.get(), std::as_writable_bytes(std::span(received))));
  writer.join();
  EXPECT_EQ(received, sent);
}

TEST(PreadFully, LeavesThePositionAlone) {
  const UniqueFd fd = in_memory("0123456789");
  char buffer[4];
  EXPECT_TRUE(pread_fully(fd.get(), std::as_writable_bytes(std::span(buffer)), 3));
  EXPECT_EQ(std::string_view(buffer, 4), "3456");
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 0);
  const auto beyond = pread_fully(fd.get(), std::as_writable_bytes(std::span(buffer)), 8);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().message(), "end of file at 10, 2 bytes missing");
}

TEST(ListDir, HasNeitherDotNorDotDot) {
  const TempDir dir;
  for (const char* name : {"a", ".hidden", "..odd"}) EXPECT_TRUE(open(dir / name, O_CREAT | O_WRONLY, 0600));
  EXPECT_THAT(list_dir(dir.path()).value(), UnorderedElementsAre("a", ".hidden", "..odd"));
  EXPECT_EQ(list_dir(dir / "none").error().error_number(), ENOENT);
}

}  // namespace
}  // namespace cr::sys
