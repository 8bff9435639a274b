// Runs the questions that kinds asked inside the frozen tasks, and hands out the answers.
#pragma once

#include "cr/engine/options.h"
#include "cr/kinds/collector.h"
#include "cr/kinds/tree_view.h"
#include "cr/trace/guardian.h"

namespace cr::engine {

Result<void> run_agents(const kinds::TreeView& tree, kinds::Collector& collector, trace::Guardian& guardian,
                        const Operation& operation);

}  // namespace cr::engine
