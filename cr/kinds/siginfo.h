// Queued signals as records, and how they are queued again.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <signal.h>

#include <optional>
#include <string>

#include "cr/kinds/plan_builder.h"

namespace cr::kinds {

// Why a signal in a queue cannot be put there again; nothing if it can.
std::optional<std::string> cannot_queue(const siginfo_t& info);

// Why signals of which nothing but their number is known cannot. Requires: there is one.
std::string without_siginfo(uint64_t signals);

Result<void> validate_siginfo(const std::string& info);

using SiginfoList = google::protobuf::RepeatedPtrField<std::string>;

// Ops by which thread `tid` queues them to itself (tid 0: to its process), oldest first. Every signal is
// blocked then. A task may send itself any si_code, which nobody else may (rt_sigqueueinfo(2)). SIGTRAP comes
// later: until it is built, a task tells its tracer by SIGTRAP how far it is.
void plan_queue(const SiginfoList& queue, pid_t pid, pid_t tid, PlanBuilder& builder);

}  // namespace cr::kinds
