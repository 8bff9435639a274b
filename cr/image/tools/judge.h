// Who says whether an image is sound: the reader, called here, or a program that is started with it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cr/base/result.h"

namespace cr::image {

enum class Verdict { kSound, kInvalid, kOther };

struct Judgement {
  Verdict verdict = Verdict::kOther;
  std::chrono::microseconds cpu_time{};  // not the time of a clock, which a busy machine stretches
};

// Of the image that the open description `fd`, borrowed, has now. An error only if there can be none.
using Judge = std::function<Result<Judgement>(int fd)>;

Judge reader_here();

// Runs `command` with the image's path as its last argument: exit 0 is kSound, that of InvalidImage
// (result.h) kInvalid.
Judge by_program(std::vector<std::string> command);

}  // namespace cr::image
