// Command lines: words are the input's lines. What is understood is within its limits, what is not is said,
// in JSON if that was asked for; nothing is done.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cr/cli/options.h"
#include "fuzz/fuzz.h"

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words{"cr"};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    words.emplace_back(text.substr(0, text.find('\0') < end ? text.find('\0') : end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return -1;
  std::vector<std::string> words = words_of(fuzz::as_text(data, size));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto asked = cr::cli::parse(static_cast<int>(words.size()), argv.data());
  if (const auto* reply = std::get_if<cr::cli::Reply>(&asked)) {
    FUZZ_REQUIRE(reply->status == 0 || reply->status == 2);
    FUZZ_REQUIRE(!reply->out.empty() || !reply->err.empty());
    const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
    if (json && reply->status == 2) FUZZ_REQUIRE(nlohmann::json::parse(reply->out).contains("error"));
    return 0;
  }
  const auto& arguments = std::get<cr::cli::Arguments>(asked);
  FUZZ_REQUIRE(arguments.pid == 0 || (arguments.pid > 1 && arguments.pid < 1 << 22));
  FUZZ_REQUIRE(arguments.deadline_s >= 0 && arguments.deadline_s <= 366.0 * 24 * 3600);
  FUZZ_REQUIRE(arguments.compression >= 0 && arguments.compression <= 22);
  FUZZ_REQUIRE(!arguments.name.empty() && arguments.name.find('/') == std::string::npos);
  return 0;
}
