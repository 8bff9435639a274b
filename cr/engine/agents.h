// Runs the questions that kinds asked inside the frozen tasks, and hands out the answers.
#pragma once

#include <set>

#include "cr/engine/options.h"
#include "cr/kinds/collector.h"
#include "cr/kinds/tree_view.h"
#include "cr/trace/guardian.h"

namespace cr::engine {

// The processes that could not be asked; the collector or the frozen tree has a blocker for each.
Result<std::set<pid_t>> run_agents(const kinds::TreeView& tree, kinds::Collector& collector,
                                   trace::Guardian& guardian, const Operation& operation);

}  // namespace cr::engine
