// What tasks inherit from the engine that restores them: brought to what the tree had, or a conflict.
#pragma once

#include "cr/base/result.h"
#include "cr/kinds/origin.pb.h"

namespace cr::engine {

// Of this process, as far as it means something on another machine. Not so namespaces, control groups and
// keyrings.
Result<kinds::Surroundings> surroundings_here();

// Conflict: this process is confined as no checkpointed task is, and what it executes would be for good.
Result<void> check_unconfined();

// Conflict: what this process makes would have what the tree had not, or the other way round, and it cannot
// be helped. Of an image that says nothing about it, nothing is known.
Result<void> check_surroundings(const kinds::Origin& origin, const kinds::Origin& here);

// Conflict: not all CPUs that the tree was restricted to can be had here.
Result<void> check_cpus(const kinds::Origin& origin);

// What this command happens to be must not become what the tree is. For a process that has just been forked
// and is about to execute something, which gives it the capabilities of its bounding, inheritable and ambient
// sets.
Result<void> forget_inheritance(const kinds::Origin& origin);

}  // namespace cr::engine
