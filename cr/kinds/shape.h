// The shape of a kind of state: how the engine sees every kind, without knowing any by name.
//
//   dump:     collect() reads the frozen tree and adds records; find_pages() tells what bulk data there is,
//   and
//             save_pages() writes it, after all records
//   restore:  validate() looks at decoded records, plan() turns them into op lists; both are pure
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cr/kinds/collector.h"
#include "cr/kinds/page_store.h"
#include "cr/kinds/plan_builder.h"
#include "cr/kinds/records.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

// Memory that the kernel writes while a task is built, beyond what the plan maps and fills.
struct KernelWrite {
  pid_t pid = 0;
  uint64_t address = 0;
  uint64_t length = 0;  // bytes; 0: none
  const char* what = "";
  bool must_succeed = false;  // or the task cannot be built
};

class Kind {
 public:
  virtual ~Kind() = default;

  virtual std::string_view name() const = 0;

  // The records this kind owns. Type numbers are part of the format and never change (record_types.h).
  virtual std::vector<Schema> schemas() const { return {}; }

  // Requires: the tree is frozen. Blockers go to the collector; an error means that looking itself failed.
  virtual Result<void> collect(const TreeView& tree, Collector& collector) const = 0;

  // Once nothing blocks the dump and nothing of ours runs in the tasks any more: completes records that
  // collect() began with what bulk data they have. `keep_going` is asked between pieces of that.
  virtual Result<void> find_pages(const TreeView&, Records&, const KeepGoing& /*keep_going*/) const {
    return {};
  }
  virtual Result<void> save_pages(const TreeView&, const Records&, PageStore) const { return {}; }

  // Everything a plan relies on: ranges, references, uniqueness. InvalidImage names record and field.
  virtual Result<void> validate(const Records&) const { return {}; }

  // All of this kind's. Requires: its validate() succeeded.
  virtual std::vector<KernelWrite> kernel_writes(const Records&) const { return {}; }

  // Adds this kind's ops of one phase. Requires: validate() of all kinds succeeded.
  virtual void plan(Phase, const Records&, PlanBuilder&) const {}
};

// Every kind there is, in the order in which they collect and plan.
const std::vector<std::unique_ptr<Kind>>& all_kinds();

// A default instance of the records of a type, the origin's among them; null if no kind owns it.
const google::protobuf::Message* prototype_of(uint32_t type);

}  // namespace cr::kinds
