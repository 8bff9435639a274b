#include "fuzz/small_tree.h"

#include "cr/kinds/kinds_testing.h"

namespace fuzz {

SmallTree small_tree() {
  cr::kinds::Sample sample = cr::kinds::small_tree();
  sample.records.add<cr::kinds::Vdso>(cr::kinds::kVdsoRecord, 0).set_code(std::string(4096, 'v'));
  auto pages = cr::kinds::raw_table(cr::kinds::page_objects(sample.records));
  return {std::move(sample.records), std::move(pages)};
}

}  // namespace fuzz
