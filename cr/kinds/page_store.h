// Where the kinds put bulk data.
#pragma once

#include "cr/image/writer.h"

namespace cr::kinds {

class Inheritance;
class Relatives;

// All are borrowed.
struct PageStore {
  image::Writer& writer;
  Inheritance* inheritance = nullptr;  // null: there is no parent
  Relatives* relatives = nullptr;      // null: there is one process
};

}  // namespace cr::kinds
