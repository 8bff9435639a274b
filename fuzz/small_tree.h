// A small sound tree (kinds::small_tree) with its pages, for whoever has no use for the rest of the tests'
// headers: its records, where it is from, and the image that a dump of it would be.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "cr/image/writer.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/records.h"

namespace fuzz {

struct SmallTree {
  cr::kinds::Records records;
  std::unique_ptr<const cr::image::PageTable> pages;  // records.pages
};
SmallTree small_tree();
cr::kinds::Origin small_origin();

// A table with as many pages as the runs of the records tell of, stored in every way by turns. None if they
// are more than a test wants.
std::optional<cr::image::PageTable> fitting_table(const cr::kinds::Records& records);

// All parts but index and footer; `origin` is the bytes of that record. kEverything: each object's pages are
// those of the same object of the parent, which the writer was told of.
enum class Inherits { kNothing, kEverything };
cr::Result<void> write_tree(const SmallTree& tree, std::string_view origin, Inherits inherits,
                            cr::image::Writer& into);
// With its own.
cr::Result<void> write_tree(const SmallTree& tree, Inherits inherits, cr::image::Writer& into);

}  // namespace fuzz
