// Images that are sound in every checksum, and mean ill.
#include <sys/prctl.h>

#include <algorithm>
#include <map>

#include "cr/cli/cli_testing.h"
#include "cr/engine/load.h"
#include "cr/image/page_reader.h"
#include "cr/image/writer.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/thread/thread.pb.h"
#include "cr/sys/process.h"

namespace cr::cli {
namespace {

// The image of one process, whose memory can be changed.
class Forgery {
 public:
  Forgery(const std::string& path, pid_t pid)
      : image_(engine::load(path).value()), id_(static_cast<uint64_t>(pid)), pages_(*image_.reader) {}

  const kinds::Thread& leader() const {
    return *image_.records.find<kinds::Thread>(kinds::kThreadRecord, id_);
  }

  // Requires: the page is in the image.
  void put(uint64_t address, std::span<const std::byte> bytes) {
    std::string& page = changed_.try_emplace(page_at(address), read(id_, page_at(address))).first->second;
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(page)).begin() + address % kPageSize);
  }

  void write(const std::string& path, int compression) {
    image::Writer writer = image::Writer::create(path, {.compression = compression}).value();
    for (const image::Section& section : image_.reader->records()) {
      const auto [type, id] = section.key;
      ASSERT_TRUE(writer.add_record(type, id, image_.reader->record(type, id).value()));
    }
    for (const auto& [object, extents] : image_.reader->pages().objects())
      for (uint64_t page = 0; page < image_.reader->pages().pages(object); ++page) {
        const auto changed = object == id_ ? changed_.find(page) : changed_.end();
        const std::string content = changed == changed_.end() ? read(object, page) : changed->second;
        std::ranges::copy(std::as_bytes(std::span(content)), writer.page_room(object).value().begin());
        ASSERT_TRUE(writer.pages_filled(kPageSize));
      }
    ASSERT_TRUE(writer.commit());
  }

 private:
  // The object's page at an address.
  uint64_t page_at(uint64_t address) const {
    uint64_t page = 0;
    for (const auto& run :
         image_.records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, id_)->runs()) {
      if (address >= run.address() && address - run.address() < run.length())
        return page + (address - run.address()) / kPageSize;
      page += run.length() / kPageSize;
    }
    ADD_FAILURE() << std::hex << address << " is not in the image";
    return 0;
  }
  std::string read(uint64_t object, uint64_t page) {
    std::string content(kPageSize, '\0');
    EXPECT_TRUE(pages_.read(object, page, std::as_writable_bytes(std::span(content))));
    return content;
  }

  engine::Loaded image_;
  uint64_t id_;
  image::PageReader pages_;
  std::map<uint64_t, std::string> changed_;
};

// A section that covers all of what tasks are built from, and aborts to where nothing can be executed. Its
// descriptor is on the stack, below what is in use.
void arm_section(Forgery& forgery) {
  const kinds::Thread& thread = forgery.leader();
  const uint64_t at = (thread.registers().rsp() - 256) & ~uint64_t{63};
  const struct {
    uint32_t version, flags;
    uint64_t start, length, abort;
    uint32_t unused, signature;
  } section{0, 0, 0x1000, 0x3fff0000, at + sizeof(section), 0, thread.rseq_signature()};
  static_assert(sizeof(section) == 40);
  forgery.put(at, std::as_bytes(std::span(&section, 1)));
  forgery.put(thread.rseq_address() + 8, std::as_bytes(std::span(&at, 1)));
}

TEST(Forged, ASectionThatCoversWhatTasksAreBuiltFromIsNotArmed) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  const sys::TempDir folder;
  const std::string image = folder / "image";
  Sleeper sleeper("1000");
  const pid_t pid = sleeper.pid();
  ASSERT_EQ(run({"dump", sleeper.name(), "-o", image}).status, 0);
  ASSERT_EQ(sleeper.end(), 128 + SIGKILL);
  Forgery forgery(image, pid);
  const uint64_t area = forgery.leader().rseq_address();
  if (area == 0) GTEST_SKIP() << "the C library registers no rseq area";
  arm_section(forgery);
  forgery.write(folder / "plain", 0);
  forgery.write(folder / "compressed", 1);
  for (const std::string name : {"plain", "compressed", "streamed"}) {
    SCOPED_TRACE(name);
    const bool stream = name == "streamed";
    const std::string forged = folder / (stream ? "plain" : name);
    const Outcome outcome = run({"restore", "--detach", "--deadline", "30", stream ? "-" : forged}, [&] {
      if (stream) feed(sys::read_file(forged).value());
    });
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto armed = sys::peek<uint64_t>(pid, {area + 8});
    EXPECT_TRUE(armed && *armed == 0);
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "it lives";
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  }
}

}  // namespace
}  // namespace cr::cli
