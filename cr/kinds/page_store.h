// Where the kinds put bulk data.
#pragma once

#include "cr/image/writer.h"

namespace cr::kinds {

class Inheritance;

// Both are borrowed.
struct PageStore {
  image::Writer& writer;
  Inheritance* inheritance = nullptr;  // null: there is no parent
};

}  // namespace cr::kinds
