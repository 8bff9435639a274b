// From a file to validated records; whatever is wrong with the file or with what it says is an invalid image.
#include "cr/engine/load.h"

#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using ::testing::HasSubstr;

class Load : public testing::Test {
 protected:
  std::string path() const { return dir_ / "image"; }

  // The records as a dump writes them; `more` adds to the file before its records.
  void write(const Sample& sample, bool with_origin = true,
             const std::function<void(image::Writer&)>& more = {}) {
    image::Writer writer = image::Writer::create(path()).value();
    kinds::Origin origin;
    origin.set_engine_version("test"), origin.set_root(100);
    origin.add_word_sizes(32), origin.add_word_sizes(64);
    change_origin(origin);
    if (with_origin) {
      ASSERT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
    }
    if (more) more(writer);
    kinds::write_sample(writer, sample.records, [](size_t) { return std::string(4096, 'x'); });
    ASSERT_TRUE(writer.commit());
  }

  void is_invalid(const char* words) {
    const auto loaded = load(path());
    ASSERT_FALSE(loaded) << words;
    EXPECT_EQ(loaded.error().kind(), ErrorKind::kInvalidImage) << loaded.error().message();
    EXPECT_THAT(loaded.error().message(), HasSubstr(words));
  }

  std::function<void(kinds::Origin&)> change_origin = [](kinds::Origin&) {};
  sys::TempDir dir_;
};

TEST_F(Load, GivesBackWhatWasWritten) {
  const Sample sample = kinds::small_tree();
  write(sample);
  const auto loaded = load(path());
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->origin.engine_version(), "test");
  ASSERT_EQ(loaded->records.by_key().size(), sample.records.by_key().size());
  for (const auto& [key, message] : sample.records.by_key())
    EXPECT_EQ(loaded->records.by_key().at(key)->SerializeAsString(), message->SerializeAsString());
  EXPECT_EQ(loaded->records.pages->pages(100), 2u);
}

TEST_F(Load, AFileThatIsNotThereIsNoInvalidImage) {
  const auto loaded = load(path());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), ErrorKind::kSystem);
}

TEST_F(Load, ARecordOfNothingButEmptyMessagesIsNotDecoded) {
  std::string many;
  for (int i = 0; i < 100000; ++i) many += std::string("\x32\x00", 2);  // AddressSpace.vmas
  write(kinds::small_tree(), true, [&](image::Writer& writer) {
    ASSERT_TRUE(writer.add_record(kinds::kAddressSpaceRecord, 555, many));
  });
  is_invalid("unknown fields in 200000 bytes");
}

TEST_F(Load, AnOriginOfNothingButEmptyNamesIsNotDecoded) {
  change_origin = [](kinds::Origin& origin) {
    for (int i = 0; i < 100000; ++i) origin.add_cpu_features();
  };
  write(kinds::small_tree());
  is_invalid("the origin record: more than");
}

TEST_F(Load, AnOriginOfAnotherTree) {
  change_origin = [](kinds::Origin& origin) { origin.set_root(101); };
  write(kinds::small_tree());
  is_invalid("101 is not the root of the tree");
  const sys::UniqueFd file = sys::open(path(), O_RDONLY).value();
  image::Stream stream = image::Stream::of_pipe(file.get(), {});
  image::Scanner scanner = image::Scanner::begin(stream).value();
  const auto streamed = load_records(scanner, "stream", {});
  ASSERT_FALSE(streamed);
  EXPECT_THAT(streamed.error().message(), HasSubstr("101 is not the root of the tree"));
}

TEST_F(Load, ATableOfVeryManyDescriptorsIsDense) {
  Sample sample = kinds::small_tree();
  sample.table(101).clear_descriptors();
  for (uint32_t number = 0; number < 100000; ++number) sample.add_descriptor(101, number, 2);
  write(sample);
  const auto loaded = load(path());
  EXPECT_TRUE(loaded) << loaded.error().message();
}

TEST_F(Load, WithoutOrigin) {
  write(kinds::small_tree(), false);
  is_invalid("no origin record");
}

TEST_F(Load, ARecordOfANewerEngine) {
  write(kinds::small_tree(), true,
        [](image::Writer& writer) { ASSERT_TRUE(writer.add_record(4711, 1, std::string_view("new"))); });
  is_invalid("record of type 4711, unknown to this engine");
}

TEST_F(Load, ARecordThatIsNoMessage) {
  write(kinds::small_tree(), true, [](image::Writer& writer) {
    ASSERT_TRUE(writer.add_record(kinds::kPipeRecord, 77, std::string_view("\xff\xff\xff")));
  });
  is_invalid("is no message of its kind");
}

TEST_F(Load, RecordsThatContradictEachOther) {
  Sample sample = kinds::small_tree();
  sample.task(101).set_parent(999);
  write(sample);
  is_invalid("task 101: parent 999 is no living task");
}

TEST_F(Load, ADeadlineEndsTheReading) {
  write(kinds::small_tree());
  Operation operation;
  operation.deadline = Clock::now() + std::chrono::hours(1);
  EXPECT_TRUE(load(path(), {}, operation));
  operation.deadline = Clock::now();
  const auto late = load(path(), {}, operation);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadline) << late.error().message();
  EXPECT_THAT(late.error().message(), HasSubstr(path()));
}

// Sound as far as the container's own checks go or not: a wrong byte is never believed.
TEST_F(Load, AnyWrongByteAndAnyCut) {
  write(kinds::small_tree());
  const std::string sound = sys::read_file(path()).value();
  const auto accepted = [&](const std::string& bytes) {
    const sys::UniqueFd fd = sys::open(path(), O_WRONLY | O_TRUNC).value();
    EXPECT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
    const auto loaded = load(path());
    if (!loaded) {
      EXPECT_EQ(loaded.error().kind(), ErrorKind::kInvalidImage) << loaded.error().message();
    }
    return loaded.has_value();
  };
  EXPECT_TRUE(accepted(sound));
  for (size_t at = 0; at < sound.size(); at += 97) {
    std::string wrong = sound;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
    EXPECT_FALSE(accepted(wrong)) << "byte " << at;
    EXPECT_FALSE(accepted(sound.substr(0, at))) << "cut at " << at;
  }
}

}  // namespace
}  // namespace cr::engine
