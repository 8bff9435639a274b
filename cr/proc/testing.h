// For the tests of the parsers: captured files, and the property that every one of them is held to.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

// A file of testdata/, as a live process showed it.
inline std::string captured(const std::string& name) {
  std::ifstream file(std::string(CR_PROC_TESTDATA "/") + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << "no captured file " << name;
  return text.str();
}

// Parses a copy that ends where the allocation ends, so that the sanitizer sees one byte too far.
template <typename Parse>
auto parse_exactly(std::string_view text, Parse parse) {
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  if (!text.empty()) std::memcpy(copy.get(), text.data(), text.size());
  return parse(std::string_view(copy.get(), text.size()));
}

// Cut short at any byte, a text gives an error or the first entries of the whole, never a different entry.
// `describe` turns what was parsed into one string per entry. Returns how many cuts were accepted.
template <typename Parse, typename Describe>
size_t expect_cuts_are_prefixes(std::string_view text, Parse parse, Describe describe) {
  const auto whole = parse_exactly(text, parse);
  EXPECT_TRUE(whole.has_value()) << whole.error().message();
  if (!whole) return 0;
  const std::vector<std::string> all = describe(*whole);
  size_t accepted = 0;
  for (size_t length = 0; length < text.size(); ++length) {
    const auto cut = parse_exactly(text.substr(0, length), parse);
    if (!cut) {
      EXPECT_FALSE(cut.error().message().empty());
      continue;
    }
    ++accepted;
    const std::vector<std::string> some = describe(*cut);
    EXPECT_LE(some.size(), all.size()) << "cut at " << length;
    for (size_t i = 0; i < some.size() && i < all.size(); ++i) {
      EXPECT_EQ(some[i], all[i]) << "cut at " << length << ", entry " << i;
    }
    if (testing::Test::HasFailure()) break;  // one is enough to read
  }
  return accepted;
}

// For a record that is whole or nothing.
template <typename Parse>
void expect_no_cut_parses(std::string_view text, Parse parse) {
  const auto whole = parse_exactly(text, parse);
  EXPECT_TRUE(whole.has_value()) << whole.error().message();
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_exactly(text.substr(0, length), parse).has_value()) << "cut at " << length;
  }
}

// The text with its first `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "no \"" << from << "\" to replace";
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// An error that tells each of the given pieces.
template <typename T>
void expect_error(const Result<T>& result, std::initializer_list<std::string_view> pieces) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), ErrorKind::kSystem);
  for (const std::string_view piece : pieces) {
    EXPECT_NE(result.error().message().find(piece), std::string::npos)
        << "no \"" << piece << "\" in: " << result.error().message();
  }
}

}  // namespace cr::proc
