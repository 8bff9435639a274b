// The file is absent or complete: whatever happens to the writer, nobody sees half an image and nothing is
// left.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cr/image/image_testing.h"
#include "cr/image/pending_file.h"
#include "cr/sys/namespace_testing.h"

namespace cr::image {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Runs in a child, so that limits and identities can be given away; true if it came back true.
template <typename Body>
bool in_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

PendingFile pending(const std::string& path, PendingFile::Kind kind, std::string_view content) {
  PendingFile file = must(PendingFile::create(path, kind));
  must(sys::write_fully(file.fd(), std::as_bytes(std::span(content))));
  return file;
}

TEST(Commit, NothingIsSeenBefore) {
  const TempDir dir;
  Writer writer = must(Writer::create(dir / "x"));
  add_pages(writer, 1, some_pages(500, 1));
  EXPECT_THAT(dir.names(), IsEmpty());
  must(writer.commit());
  EXPECT_THAT(dir.names(), ElementsAre("x"));
  EXPECT_EQ(std::filesystem::status(dir / "x").permissions(), std::filesystem::perms(0600));
}

TEST(Commit, AnExecutableImageIsItsOwnersAlone) {
  const TempDir dir;
  const mode_t old = ::umask(0177);  // would take the x away
  Writer writer = must(Writer::create(dir / "x", {.executable = true}));
  must(writer.commit());
  ::umask(old);
  EXPECT_EQ(std::filesystem::status(dir / "x").permissions(), std::filesystem::perms(0700));
}

TEST(Commit, DestructorLeavesNothing) {
  const TempDir dir;
  { Writer writer = must(Writer::create(dir / "x")); }
  EXPECT_THAT(dir.names(), IsEmpty());
}

TEST(Commit, KilledWriterLeavesNothing) {
  const TempDir dir;
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Writer writer = must(Writer::create(dir / "x"));
    add_pages(writer, 1, some_pages(500, 1));
    (void)!::write(ready[1], "r", 1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_THAT(dir.names(), IsEmpty());
}

TEST(Commit, ReplacesAnOlderImageWhole) {
  const TempDir dir;
  write_small_image(dir / "x");
  const std::string old = bytes_of_file(dir / "x");
  const Reader reader = must(Reader::open(dir / "x"));
  {
    Writer abandoned = must(Writer::create(dir / "x"));
    must(abandoned.add_record(1, 1, std::string_view("never seen")));
  }
  EXPECT_EQ(bytes_of_file(dir / "x"), old);
  Writer writer = must(Writer::create(dir / "x"));
  must(writer.add_record(1, 1, std::string_view("new")));
  must(writer.commit());
  EXPECT_EQ(must(must(Reader::open(dir / "x")).record(1, 1)), "new");
  EXPECT_EQ(must(reader.record(7, 1)), "thirteen byte") << "an open reader keeps the old file";
  EXPECT_THAT(dir.names(), ElementsAre("x"));
}

TEST(Commit, NameAsLongAsNamesGet) {
  const TempDir dir;
  const std::string name(NAME_MAX, 'n');
  write_small_image(dir / name);
  write_small_image(dir / name);
  EXPECT_THAT(dir.names(), ElementsAre(name));
  const auto longer = Writer::create(dir / (name + "n"));
  ASSERT_FALSE(longer.has_value());
  EXPECT_THAT(longer.error().message(), HasSubstr("more than 255 bytes"));
}

TEST(Commit, WithoutAnonymousFiles) {
  const TempDir dir;
  for (const char* content : {"first", "second"}) {
    PendingFile file = pending(dir / "x", PendingFile::Kind::kNamed, content);
    must(file.publish());
    EXPECT_EQ(bytes_of_file(dir / "x"), content);
    EXPECT_THAT(dir.names(), ElementsAre("x"));
  }
  { PendingFile abandoned = pending(dir / "x", PendingFile::Kind::kNamed, "third"); }
  EXPECT_EQ(bytes_of_file(dir / "x"), "second");
  EXPECT_THAT(dir.names(), ElementsAre("x"));
}

TEST(Commit, LeftoversOfAKilledWriterGoAwayButNotThoseOfALivingOne) {
  const TempDir dir;
  ASSERT_TRUE(in_child([&] {
    new PendingFile(pending(dir / "x", PendingFile::Kind::kNamed, "half"));  // _exit() runs no destructor
    return true;
  }));
  ASSERT_EQ(dir.names().size(), 1u);
  PendingFile living = pending(dir / "x", PendingFile::Kind::kNamed, "living");
  EXPECT_EQ(dir.names().size(), 1u) << "the dead one is gone, the living one is there";
  PendingFile second = pending(dir / "x", PendingFile::Kind::kNamed, "second");
  EXPECT_EQ(dir.names().size(), 2u);
  must(living.publish());
  EXPECT_EQ(bytes_of_file(dir / "x"), "living");
  must(second.publish());
  EXPECT_EQ(bytes_of_file(dir / "x"), "second");
  EXPECT_THAT(dir.names(), ElementsAre("x"));
}

TEST(Commit, OnlyRegularFilesAreReplaced) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "d");
  std::filesystem::create_symlink("nowhere", dir / "link");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  for (const char* name : {"d", "link", "fifo"}) {
    const auto writer = Writer::create(dir / name);
    ASSERT_FALSE(writer.has_value()) << name;
    EXPECT_THAT(writer.error().message(), HasSubstr("is not a regular file"));
  }
  // The same when it appears while the image is written.
  for (const auto kind : {PendingFile::Kind::kAnonymous, PendingFile::Kind::kNamed}) {
    PendingFile file = pending(dir / "late", kind, "content");
    std::filesystem::create_symlink("nowhere", dir / "late");
    EXPECT_FALSE(file.publish().has_value());
    EXPECT_TRUE(std::filesystem::is_symlink(dir / "late"));
    std::filesystem::remove(dir / "late");
  }
  EXPECT_THAT(dir.names(), ElementsAre("d", "fifo", "link"));
  EXPECT_FALSE(Writer::create(dir / "").has_value());
  EXPECT_FALSE(Writer::create(dir / "..").has_value());
}

TEST(Commit, DirectoryThatCannotBeWritten) {
  const auto missing = Writer::create("/nonexistent/dir/x");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().error_number(), ENOENT);
  // /proc takes no files from anybody, root included.
  const auto refused = Writer::create("/proc/self/x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kSystem);
  EXPECT_THAT(refused.error().message(), HasSubstr("image /proc/self/x: create a file in /proc/self/"));

  const TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  EXPECT_TRUE(in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return false;
    const auto writer = Writer::create(dir / "x");
    return !writer && writer.error().error_number() == EACCES;
  }));
}

// Writes more than there is room for, then looks at what commit() makes of it.
bool fails_cleanly(const std::string& path, size_t pages, int expected_errno) {
  Writer writer = must(Writer::create(path));
  const std::string data = some_pages(pages, 1);
  auto left = std::as_bytes(std::span(data));
  Result<void> given;
  while (given && !left.empty()) {
    const auto room = writer.page_room(1);
    if (!room) {
      given = Failure(room.error());
      break;
    }
    const auto part = left.first(std::min(left.size(), room->size()));
    std::ranges::copy(part, room->begin());
    given = writer.pages_filled(part.size());
    left = left.subspan(part.size());
  }
  if (given || given.error().error_number() != expected_errno) return false;
  if (!given.error().message().starts_with("image " + path + ": write")) return false;
  const auto committed = writer.commit();
  return !committed && committed.error().kind() == ErrorKind::kInternal && ::access(path.c_str(), F_OK) != 0;
}

TEST(Commit, FileSizeLimit) {
  const TempDir dir;
  EXPECT_TRUE(in_child([&] {
    const rlimit limit{1 << 20, 1 << 20};
    ::signal(SIGXFSZ, SIG_IGN);
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0 && fails_cleanly(dir / "x", 600, EFBIG);
  }));
  EXPECT_THAT(dir.names(), IsEmpty());
}

// Where mounts are private: nobody else sees this one.
TEST(Commit, DiskFull) {
  sys::among_themselves([] {
    const TempDir dir;
    ASSERT_EQ(::mount("cr-image-test", dir.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m"), 0);
    EXPECT_TRUE(fails_cleanly(dir / "x", 600, ENOSPC));
    EXPECT_THAT(dir.names(), IsEmpty());
    write_small_image(dir / "y");  // and the room is there again
    EXPECT_EQ(::umount(dir.path().c_str()), 0);
  });
}

TEST(Misuse, IsAnErrorAndSpendsTheWriter) {
  const TempDir dir;
  const std::pair<const char*, std::function<Result<void>(Writer&)>> misuses[] = {
      {"is already there", [](Writer& w) { return w.add_record(1, 1, std::string_view("again")); }},
      {"is no record's", [](Writer& w) { return w.add_record(kPages, 1, std::string_view("")); }},
      {"is no record's", [](Writer& w) { return w.add_record(kIndex, 0, std::string_view("")); }},
      {"comes after pages",
       [](Writer& w) -> Result<void> {
         CR_TRY(w.page_room(1));
         return w.add_record(1, 2, std::string_view(""));
       }},
      {"2048 bytes of pages",
       [](Writer& w) -> Result<void> {
         CR_TRY(w.page_room(1));
         return w.pages_filled(kPageSize / 2);
       }},
      {"bytes of pages",
       [](Writer& w) -> Result<void> {
         const auto room = CR_TRY(w.page_room(1));
         return w.pages_filled(room.size() + kPageSize);
       }},
      {"object 1 has no 1 pages", [](Writer& w) { return w.add_same(2, 1, 1, 0); }},
      {"no parent", [](Writer& w) { return w.add_inherited(1, 1, 1, 0); }},
      {"spent",
       [](Writer& w) -> Result<void> {
         CR_TRY(w.commit());
         CR_TRY(w.commit());
         return {};
       }},
  };
  for (const auto& [message, misuse] : misuses) {
    Writer writer = must(Writer::create(dir / message));
    must(writer.add_record(1, 1, std::string_view("first")));
    const auto outcome = misuse(writer);
    ASSERT_FALSE(outcome.has_value()) << message;
    EXPECT_EQ(outcome.error().kind(), ErrorKind::kInternal);
    EXPECT_THAT(outcome.error().message(), HasSubstr(message));
    EXPECT_THAT(writer.commit().error().message(), HasSubstr("spent"));
  }
}

}  // namespace
}  // namespace cr::image
