// The records of a small sound tree (kinds::small_tree), and a page table for them, for whoever has no use
// for the rest of the tests' headers.
#pragma once

#include "cr/kinds/records.h"

namespace fuzz {

struct SmallTree {
  cr::kinds::Records records;
  cr::image::PageTable pages;  // not yet that of the records
};
SmallTree small_tree();

}  // namespace fuzz
