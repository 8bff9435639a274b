// Where the kinds put bulk data.
#pragma once

#include <functional>

#include "cr/image/writer.h"

namespace cr::kinds {

// Asked between pieces of long work; an error that it returns (a deadline has passed) ends the work with it.
using KeepGoing = std::function<Result<void>()>;

class Inheritance;
class Relatives;

// All are borrowed.
struct PageStore {
  image::Writer& writer;
  Inheritance* inheritance = nullptr;  // null: there is no parent
  Relatives* relatives = nullptr;      // null: there is one process
};

}  // namespace cr::kinds
