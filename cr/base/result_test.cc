// A Result carries its error outwards, gathers context on the way, and ends as the right exit code.
#include "cr/base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace cr {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr ErrorKind kEveryKind[] = {ErrorKind::kSystem,       ErrorKind::kUsage,    ErrorKind::kUnsupported,
                                    ErrorKind::kInvalidImage, ErrorKind::kConflict, ErrorKind::kDeadline,
                                    ErrorKind::kInternal};

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(ErrorKind::kUsage, "{} is odd", number);
  return number / 2;
}

Result<int> quarter_of(int number) {
  const int half = CR_TRY(half_of(number), "first half of {}", number);
  return CR_TRY(half_of(half), "second half");
}

Result<void> must_be_even(int number) {
  CR_TRY(half_of(number));
  return {};
}

Result<std::string> after_check(int number, int& reached) {
  CR_TRY(must_be_even(number), "check {}", number);
  ++reached;
  return std::string("even");
}

TEST(Result, TryUnwrapsAValue) { EXPECT_EQ(quarter_of(12).value(), 3); }

TEST(Result, TryPassesAnErrorOnWithContextOutermostFirst) {
  const auto outer = [](int number) -> Result<int> { return CR_TRY(quarter_of(number), "outer"); };
  EXPECT_EQ(outer(7).error().message(), "outer: first half of 7: 7 is odd");
  EXPECT_EQ(outer(6).error().message(), "outer: second half: 3 is odd");
  EXPECT_EQ(outer(6).error().kind(), ErrorKind::kUsage);
}

TEST(Result, TryWithoutContextAddsNothing) {
  EXPECT_EQ(must_be_even(3).error().message(), "3 is odd");
  EXPECT_TRUE(must_be_even(4));
}

TEST(Result, TryOfVoidStopsTheCaller) {
  int reached = 0;
  EXPECT_EQ(after_check(3, reached).error().message(), "check 3: 3 is odd");
  EXPECT_EQ(reached, 0);
  EXPECT_EQ(after_check(2, reached).value(), "even");
  EXPECT_EQ(reached, 1);
}

TEST(Result, TryEvaluatesItsExpressionOnceAndMovesTheValue) {
  int calls = 0;
  const auto make = [&]() -> Result<std::unique_ptr<int>> {
    ++calls;
    return std::make_unique<int>(5);
  };
  const auto use = [&]() -> Result<int> {
    const std::unique_ptr<int> owned = CR_TRY(make());
    return *owned;
  };
  EXPECT_EQ(use().value(), 5);
  EXPECT_EQ(calls, 1);
}

// Context is text for people, and built only when there is an error to explain.
TEST(Result, ContextIsFormattedOnlyForErrors) {
  int formatted = 0;
  const auto name = [&] {
    ++formatted;
    return "thing";
  };
  const auto use = [&](int number) -> Result<int> { return CR_TRY(half_of(number), "{}", name()); };
  EXPECT_TRUE(use(2));
  EXPECT_EQ(formatted, 0);
  EXPECT_EQ(use(1).error().message(), "thing: 1 is odd");
  EXPECT_EQ(formatted, 1);
}

TEST(Error, OfACallTellsWhatAndWhy) {
  errno = ENOENT;
  const Failure failure = fail_errno("open {}", "/x");
  EXPECT_EQ(failure.value().message(), "open /x: No such file or directory");
  EXPECT_EQ(failure.value().error_number(), ENOENT);
  EXPECT_EQ(failure.value().kind(), ErrorKind::kSystem);
}

TEST(Error, ContextKeepsKindAndErrorNumber) {
  const Error error = Error::system(EACCES, "read").within("fd 7").within("pid 812");
  EXPECT_EQ(error.message(), "pid 812: fd 7: read: Permission denied");
  EXPECT_EQ(error.error_number(), EACCES);
}

TEST(Error, BlockersAreAllInTheMessage) {
  const Error one = Error::unsupported({{812, "eventfd", "fd 7", "is an eventfd"}});
  EXPECT_EQ(one.message(), "1 blocker\n  pid 812 fd 7 (eventfd): is an eventfd");
  const Error two = Error::unsupported({{1, "a", "b", "c"}, {2, "d", "e", "f"}});
  EXPECT_EQ(two.kind(), ErrorKind::kUnsupported);
  EXPECT_EQ(two.blockers().size(), 2u);
  EXPECT_THAT(two.message(),
              AllOf(HasSubstr("2 blockers"), HasSubstr("pid 1 b (a): c"), HasSubstr("pid 2 e (d): f")));
}

// What --help documents.
TEST(ErrorKind, HasItsExitCode) {
  EXPECT_EQ(exit_code(ErrorKind::kSystem), 1);
  EXPECT_EQ(exit_code(ErrorKind::kInternal), 1);
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorKind::kUnsupported), 3);
  EXPECT_EQ(exit_code(ErrorKind::kInvalidImage), 4);
  EXPECT_EQ(exit_code(ErrorKind::kConflict), 5);
  EXPECT_EQ(exit_code(ErrorKind::kDeadline), 6);
}

TEST(ErrorKind, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const ErrorKind kind : kEveryKind) {
    EXPECT_FALSE(name_of(kind).empty());
    names.insert(name_of(kind));
  }
  EXPECT_EQ(names.size(), std::size(kEveryKind));
}

TEST(CheckDeathTest, ABrokenInvariantNamesItsPlace) {
  const int two = 2;
  CR_CHECK(two == 2);
  EXPECT_DEATH(CR_CHECK(two == 3), "result_test.cc:[0-9]+: broken invariant: two == 3");
}

}  // namespace
}  // namespace cr
