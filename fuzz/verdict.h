// What a restore would make of an image before there is a task, and what finding out costs. Linked into a
// program, it counts all memory that the program takes with new.
#pragma once

#include <cstddef>
#include <string>

#include "cr/base/result.h"

namespace fuzz {

struct Verdict {
  bool sound = false;                                 // it was loaded
  bool accepted = false;                              // there is a plan, too
  cr::ErrorKind kind = cr::ErrorKind::kInvalidImage;  // of the refusal
  std::string refusal;                                // empty if there is none
  double seconds = 0;  // of CPU time: those of a clock are longer on a busy machine
  size_t memory = 0;   // more than before, at most
};
Verdict verdict_on(const std::string& image);

// One extent and one record may be as large as they like; everything else is in proportion to the input.
bool is_greedy(const Verdict& verdict, const std::string& image);
bool is_slow(const Verdict& verdict, const std::string& image);
// A refusal that says something of the image, or, once it was loaded, of what can be built; not of us.
bool is_orderly(const Verdict& verdict);

}  // namespace fuzz
