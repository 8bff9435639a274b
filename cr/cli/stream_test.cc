// `cr verify -`: an image that comes through a pipe is judged as one that lies in a file.
#include <algorithm>

#include "cr/cli/cli_testing.h"
#include "cr/image/page_reader.h"
#include "cr/image/writer.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;

Outcome verify(const std::string& bytes, const std::vector<std::string>& more = {}) {
  std::vector<std::string> call{"verify", "--json", "-"};
  call.insert(call.end(), more.begin(), more.end());
  return run(call, [&] { feed(bytes); });
}

// The same image with one page more in every object: a sound container, whose records tell of fewer.
void add_pages(const std::string& from, const std::string& to) {
  const image::Reader reader = image::Reader::open(from).value();
  image::PageReader pages(reader);
  image::Writer writer = image::Writer::create(to).value();
  for (const image::Section& section : reader.records()) {
    const auto [type, id] = section.key;
    ASSERT_TRUE(writer.add_record(type, id, reader.record(type, id).value()));
  }
  for (const auto& [object, extents] : reader.pages().objects()) {
    const uint64_t count = reader.pages().pages(object);
    for (uint64_t page = 0; page <= count; ++page) {
      const auto room = writer.page_room(object).value().first(kPageSize);
      std::ranges::fill(room, std::byte{'x'});
      if (page < count) {
        ASSERT_TRUE(pages.read(object, page, room));
      }
      ASSERT_TRUE(writer.pages_filled(room.size()));
    }
  }
  ASSERT_TRUE(writer.commit());
}

class VerifyStream : public testing::Test {
 protected:
  // The image of a sleeping process.
  std::string dump(const std::string& name, const std::vector<std::string>& more = {}) {
    const std::string path = folder_ / name;
    std::vector<std::string> call{"dump", "--leave-running", sleeper_.name(), "-o", path};
    call.insert(call.end(), more.begin(), more.end());
    const Outcome outcome = run(call);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return path;
  }

  void agrees_with_file(const std::string& path, const std::vector<std::string>& more = {}) {
    nlohmann::json of_file = json_of(run({"verify", "--json", path})),
                   of_stream = json_of(verify(sys::read_file(path).value(), more));
    EXPECT_EQ(of_file["image"], path);
    EXPECT_EQ(of_stream["image"], "-");
    of_file.erase("image"), of_stream.erase("image");
    EXPECT_EQ(of_stream, of_file);
    EXPECT_GT(of_stream["pages"], 0);
  }

  const sys::TempDir folder_;
  Sleeper sleeper_{"1000"};
};

TEST_F(VerifyStream, SaysWhatIsSaidOfTheFile) {
  agrees_with_file(dump("plain"));
  agrees_with_file(dump("compressed", {"--compress", "3"}));
  const std::string image = dump("again");
  const std::string plain = run({"verify", "-"}, [&] { feed(sys::read_file(image).value()); }).out;
  EXPECT_THAT(plain, ::testing::StartsWith("-: sound: "));
}

TEST_F(VerifyStream, NeedsTheParentOfAnImageThatHasOne) {
  const std::string parent = dump("parent"), child = dump("child", {"--parent", parent});
  EXPECT_EQ(json_of(run({"verify", "--json", child}))["parents"], 1);
  const std::string checksum = json_of(run({"show", "--json", child}))["origin"]["parent_checksum"];
  EXPECT_EQ(checksum, std::to_string(image::Reader::open(parent).value().checksum()));
  agrees_with_file(child, {"--parent", parent});
  const std::string bytes = sys::read_file(child).value();
  std::filesystem::rename(parent, folder_ / "moved");
  is_error(verify(bytes), 5, "conflict", "--parent");
  // Another image is not taken for it, and a damaged one is found out.
  is_error(verify(bytes, {"--parent", dump("stranger")}), 5, "conflict", "--parent");
  std::string damaged = sys::read_file(folder_ / "moved").value();
  damaged[damaged.size() / 2] ^= 1;
  write_file(folder_ / "moved", damaged);
  is_error(verify(bytes, {"--parent", folder_ / "moved"}), 4, "invalid-image", "moved");
}

TEST_F(VerifyStream, AStreamThatIsCutOrGoesOnOrIsDamagedIsNoImage) {
  for (const std::string& path : {dump("plain"), dump("compressed", {"--compress", "3"})}) {
    const std::string bytes = sys::read_file(path).value();
    const size_t size = bytes.size();
    for (const size_t length : {size_t{0}, size_t{20}, size_t{4096}, size / 3, size / 2, size - 1})
      is_error(verify(bytes.substr(0, length)), 4, "invalid-image", "standard input");
    is_error(verify(bytes + "x"), 4, "invalid-image", "something follows the footer");
    for (size_t at = 7; at < size; at += size / 23) {
      std::string damaged = bytes;
      damaged[at] ^= 0x10;
      SCOPED_TRACE(at);
      is_error(verify(damaged), 4, "invalid-image", "standard input");
    }
  }
}

TEST_F(VerifyStream, PagesThatNoRecordTellsOfAreFoundAsInAFile) {
  const std::string more = folder_ / "more";
  add_pages(dump("image"), more);
  is_error(run({"verify", "--json", more}), 4, "invalid-image", "its runs tell of");
  is_error(verify(sys::read_file(more).value()), 4, "invalid-image", "its runs tell of");
}

TEST_F(VerifyStream, ATerminalIsNoStream) {
  const auto at_a_terminal = [] {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) ::_exit(126);
    ::dup2(::open(::ptsname(terminal), O_RDWR | O_NOCTTY), STDIN_FILENO);
  };
  const Outcome outcome = run({"verify", "-"}, at_a_terminal);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nothing for a terminal"));
}

}  // namespace
}  // namespace cr::cli
